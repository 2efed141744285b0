"""The settings that the ledger keeps, by name."""

from .book import Book

STOPPED = "stop_all_spending"
RESTORED = "restored"
"""The setting that holds the event of the newest restore."""


def setting(book: Book, name: str) -> str | None:
    """Return a stored setting."""
    value = book.value("SELECT value FROM setting WHERE name = ?", name)
    return None if value is None else str(value)


def cleared_name(epoch: str) -> str:
    """Return the setting that holds the last event before a person's go-ahead for a SIM."""
    return f"cleared:{epoch}"


def restored_name(epoch: str) -> str:
    """Return the setting that holds the event by which an unknown purchase was found."""
    return f"{RESTORED}:{epoch}"


def address_name(account: str) -> str:
    """Return the setting that holds the address at which an account was reached last."""
    return f"address:{account}"


def moved_name(account: str) -> str:
    """Return the setting that holds the event by which an account was reached at another one."""
    return f"moved:{account}"


def login_name(account: str) -> str:
    """Return the setting that holds the last event before an account's login worked again."""
    return f"login:{account}"


def floor_name(epoch: str) -> str:
    """Return the setting that holds a SIM's cycle floor."""
    return f"floor:{epoch}"


def setting_number(book: Book, name: str) -> int:
    """Return a stored setting that counts something, 0 where there is none."""
    return int(setting(book, name) or 0)
