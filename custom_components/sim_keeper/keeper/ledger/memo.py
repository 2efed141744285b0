"""Answers that hold until something is written that bears on them.

Most evaluations find nothing new in the ledger; without this each would read everything anew.
"""

from collections.abc import Callable, Hashable
from typing import cast

ORDERS = "orders"
"""The scope of everything but readings and mere events: orders, attempts, holds, settings."""


class Memo:
    """Remembers answers by what they rest on, their scope."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._scopes: dict[Hashable, dict[Hashable, object]] = {}

    def recall[T](self, scope: Hashable, key: Hashable, find: Callable[[], T]) -> T:
        """Return the answer to a question, found anew only if its scope was written to."""
        answers = self._scopes.setdefault(scope, {})
        if key not in answers:
            answers[key] = find()
        return cast("T", answers[key])

    def forget(self, *scopes: Hashable) -> None:
        """Forget the answers that rest on what has just been written."""
        for scope in scopes:
            self._scopes.pop(scope, None)

    def clear(self) -> None:
        """Forget everything."""
        self._scopes.clear()
