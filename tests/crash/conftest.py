"""Where the files lie."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def swift_folder() -> Iterator[Path]:
    """Return a folder in memory where the machine has one.

    Thousands of ledgers are written here. What is not synced survives the death of a process on any
    file system, and what does not survive a power cut is decided by a model, not by this folder.
    """
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield Path(name)
