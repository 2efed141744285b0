"""The errors of the heart. Each child stands for a different next step.

KeeperError
├── AmountInvalid        the person corrects what was typed
├── CurrencyMismatch     a bug or a mixed-up setting: amounts of two currencies met
├── CarrierDataInvalid   the carrier data file (or an override) is wrong
├── NotSent              nothing left this machine: safe to try again later
├── Rejected             a definite no from the vendor, with the vendor's code
├── OutcomeUnknown       may have been paid: look it up, never send again blindly
│   └── KeyAlreadyUsed   the vendor has an order under this key but did not show it
├── LoginFailed          the account needs new credentials
├── Unavailable          a read failed; nothing is known and nothing happened
│   └── AddressRefused   the person adds our IP address to the account's list at the vendor
├── NotAllowed           the caller may not do this; an administrator may
├── OrderRefused         the guards or the ledger forbid this order, with a reason
└── LedgerBroken         freeze: nothing is sent until a person has looked
"""

from enum import StrEnum


class KeeperError(Exception):
    """Base of everything SIM Keeper raises on purpose."""


class AmountInvalid(KeeperError):
    """An amount of money that cannot be read exactly.

    `reason` is one of the `AmountFault` values, so that a form can say which one it was.
    """

    def __init__(self, reason: AmountFault) -> None:
        """Remember why the amount was refused."""
        super().__init__(reason.value)
        self.reason = reason


class AmountFault(StrEnum):
    """Why an amount was refused."""

    NOT_A_NUMBER = "amount_not_a_number"
    NOT_POSITIVE = "amount_not_positive"
    TOO_PRECISE = "amount_too_precise"
    TOO_LARGE = "amount_too_large"
    UNKNOWN_CURRENCY = "currency_unknown"


class CurrencyMismatch(KeeperError):
    """Two amounts of different currencies met in one calculation."""

    def __init__(self, one: str, other: str) -> None:
        """Name both currencies."""
        super().__init__(f"{one} and {other} cannot be mixed")


class CarrierDataInvalid(KeeperError):
    """A carrier profile breaks the format; the message names profile and field."""


class NotSent(KeeperError):
    """The request provably never left this machine, or was refused before any booking."""


class RefusalClass(StrEnum):
    """What a vendor's definite no asks for."""

    NEVER = "never"
    """This will never work as it is: wrong or dead number, product not for this line."""
    FIX_FIRST = "fix_first"
    """A person must change something: wallet empty, login, operator, amount."""
    LATER = "later"
    """The same request may succeed later: operator down, daily limit."""


class Rejected(KeeperError):
    """The vendor refused or undid it: no money is gone. `code` is the vendor's own word.

    `consumed` tells that the vendor has used up the key, so that a new attempt needs a new one.
    """

    def __init__(
        self, code: str, refusal: RefusalClass, *, consumed: bool = False
    ) -> None:
        """Keep the vendor's code and what it asks for."""
        super().__init__(code)
        self.code = code
        self.refusal = refusal
        self.consumed = consumed


class OutcomeUnknown(KeeperError):
    """The vendor may have been paid. The message is safe to show and to log."""


class KeyAlreadyUsed(OutcomeUnknown):
    """The vendor knows the key from an earlier request, most likely a paid one of our own."""


LOGIN_FAILED = "login_failed"
"""Why an order ended that was refused for the login alone."""


class LoginFailed(KeeperError):
    """The vendor does not accept the stored credentials."""


class Unavailable(KeeperError):
    """The vendor or source cannot be read at the moment; nothing was bought."""


class AddressRefused(Unavailable):
    """The vendor answers only the IP addresses on the account's list.

    `address` is ours as the vendor saw it, where it told.
    """

    def __init__(self, address: str | None) -> None:
        """Say it so that a person knows what to put on the list."""
        super().__init__(f"IP address {address or '?'} is not on the account's list")
        self.address = address


class NotAllowed(KeeperError):
    """The caller may not pass this door; `door` is a `permissions.Door` value."""

    def __init__(self, door: str) -> None:
        """Keep the door."""
        super().__init__(door)
        self.door = door


class OrderRefused(KeeperError):
    """An order was not begun or changed; `reason` names why, for a sentence in each language."""

    def __init__(self, reason: str, **numbers: str) -> None:
        """Keep the reason and the numbers it was made from."""
        super().__init__(reason)
        self.reason = reason
        self.numbers = numbers


class LedgerFault(StrEnum):
    """Why the ledger is frozen."""

    MISSING = "missing"
    DAMAGED = "damaged"
    NEWER = "newer"
    UNWRITABLE = "unwritable"


class LedgerBroken(KeeperError):
    """The ledger cannot be trusted or written: spending is frozen."""

    def __init__(
        self, fault: LedgerFault, detail: str, *, needs_restart: bool = False
    ) -> None:
        """Keep the kind of fault for the repair, and a detail for the log.

        `needs_restart` tells that the disk failed while something was being committed: what this
        process reads from now on need not be what the disk holds.
        """
        super().__init__(f"{fault.value}: {detail}")
        self.fault = fault
        self.detail = detail
        self.needs_restart = needs_restart
