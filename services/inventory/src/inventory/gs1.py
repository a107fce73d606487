"""The numbers of GS1: an item's GTIN and a carton's SSCC, both with a check digit."""

SSCC_DIGITS = 18


def check_digit(digits: str) -> str:
    """Modulo 10 over `digits`, weights 3 and 1 alternating from the right (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def is_valid(number: str) -> bool:
    return number.isascii() and number.isdigit() and check_digit(number[:-1]) == number[-1]


def sscc(prefix: str, serial: int) -> str:
    """Extension digit, company prefix, serial reference, check digit; the extension digit is the serial's highest place."""
    places = SSCC_DIGITS - 1 - len(prefix)
    counted = str(serial % 10**places).zfill(places)
    digits = counted[0] + prefix + counted[1:]
    return digits + check_digit(digits)


def has_prefix(number: str, prefix: str) -> bool:
    """Is it an SSCC in the range of this company prefix?"""
    return number[1:].startswith(prefix)
