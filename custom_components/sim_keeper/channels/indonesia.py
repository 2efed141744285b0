"""Indonesian numbers in the form that the wholesalers of the country take."""

_CALLING_CODE = "62"
# 08 and 8 to 11 more digits: ITU-T E.164, national numbering plan of Indonesia.
_LENGTHS = range(10, 14)


def local_number(number: object) -> str | None:
    """Return `0831...` for `+62831...`, `62831...` or `0831...`; None for anything else."""
    if not isinstance(number, str):
        return None
    digits = number.removeprefix("+")
    if digits.startswith(_CALLING_CODE):
        digits = f"0{digits[len(_CALLING_CODE) :]}"
    if not (digits.isascii() and digits.isdigit() and len(digits) in _LENGTHS):
        return None
    return digits if digits.startswith("08") else None
