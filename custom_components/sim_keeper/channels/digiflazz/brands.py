"""Whose number it is, by the Indonesian prefix, under the vendor's names of the brands.

Sources, 2026: libphonenumber's carrier data for +62; the brand of 0895-0899 and the part of 0851
that belongs to by.U: idfot.com, operator prefix codes; 0837: IAK's list of prefixes for AXIS.
A number keeps its digits when its owner moves to a sister brand, so a person confirms the brand.
"""

from collections.abc import Mapping

from ..indonesia import local_number

_PREFIXES: Mapping[str, str] = {
    "AXIS": "0831 0832 0833 0837 0838",
    "INDOSAT": "0814 0815 0816 0855 0856 0857 0858",
    "SMARTFREN": "0881 0882 0883 0887 0888 0889",
    "TELKOMSEL": "0811 0812 0813 0821 0822 0823 0851 0852 0853",
    "TRI": "0895 0896 0897 0898 0899",
    "XL": "0817 0818 0819 0859 0877 0878 0879",
    "by.U": "085155 085156 085157 085158",
}
_BRANDS = {
    prefix: brand
    for brand, prefixes in _PREFIXES.items()
    for prefix in prefixes.split()
}


def brand_of(number: str) -> str | None:
    """Return the brand that a number was first given out by; None where the table has none."""
    local = local_number(number)
    if local is None:
        return None
    return _BRANDS.get(local[:6]) or _BRANDS.get(local[:4])
