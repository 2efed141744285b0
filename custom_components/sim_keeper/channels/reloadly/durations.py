"""How long a bundle lasts, where its description says so beyond doubt."""

import re

# English; Indonesian and Malay; French; Spanish; Portuguese.
_DAYS = re.compile(
    r"(?<![\w.,/+:–-])([1-9]\d{0,2})[ -]?(?:days?|hari|jours?|d[ií]as?)\b",
    re.IGNORECASE,
)
# A month has 28 to 31 days; beside another time, or one for something else, days say little.
_DOUBT = re.compile(
    r"\b(?:hours?|hrs?|weeks?|months?|years?|every|each"
    r"|jam|minggu|bulan|tahun|setiap|tiap"
    r"|heures?|semaines?|mois|années?|chaque"
    r"|horas?|semanas?|mes|meses|m[eê]s|a[nñ]os?|cada"
    r"|within|before|after|first|up to|activat\w*|aktivasi)\b"
    r"|\d\s?[hmwyx]\b|\bx\s?\d|[*×]|\d\s*(?:to|-|–|/)\s*\d",
    re.IGNORECASE,
)


def lasts_days(description: str) -> int | None:
    """Return the days in a description, if it names one number of them and no other time."""
    named = {int(days) for days in _DAYS.findall(description)}
    if len(named) != 1 or _DOUBT.search(description):
        return None
    return named.pop()
