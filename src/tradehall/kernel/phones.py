"""Telephone numbers: what somebody typed, and the number that can be called (P-35)."""

import re
from functools import lru_cache

import phonenumbers

_NOISE = re.compile(r"[\s\-./()]")


@lru_cache(1024)
def e164(typed: str, region: str) -> str | None:
    """The number in E.164 form (`+233241234567`), read as somebody in `region` would; None where it can't be one."""
    text = _NOISE.sub("", typed.replace("(0)", ""))
    if text.startswith("00"):
        text = "+" + text[2:]
    if not re.fullmatch(r"\+?\d{5,20}", text):
        return None
    code = phonenumbers.country_code_for_region(region)
    if code and text.startswith(str(code)) and (whole := _possible("+" + text, region)):
        return whole
    return _possible(text, region)


def _possible(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # The length of a line or a mobile: service numbers may be shorter, and would let a number with a digit missing pass.
    length = phonenumbers.is_possible_number_for_type_with_reason(
        number, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    )
    if length != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
