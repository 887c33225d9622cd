"""The number of a device (spec R-06)."""

import re

from tradehall.kernel.errors import Refused


def normalised(typed: str) -> str:
    """An IMEI without separators; raises Refused where it is not one. Source: 3GPP TS 23.003 Annex B."""
    digits = re.sub(r"[\s\-/.]", "", typed)
    if re.fullmatch(r"[0-9]{16}", digits):
        raise Refused("imei_invalid", "This is an IMEISV of 16 digits; enter the IMEI of 15 digits")
    if not re.fullmatch(r"[0-9]{15}", digits):
        raise Refused("imei_invalid", "An IMEI has 15 digits")
    if len(set(digits)) == 1:
        raise Refused("imei_invalid", "This IMEI is not the number of a device")
    if digits[-1] != check_digit(digits[:14]):
        raise Refused("imei_invalid", "The check digit of this IMEI is wrong")
    return digits


def check_digit(fourteen: str) -> str:
    """The Luhn digit over the first fourteen."""
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(fourteen)]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)
