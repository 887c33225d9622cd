"""How long a text message is: its encoding, its units and the parts that are paid for (P-23)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""These are sent as two units: an escape and a character."""
LONGEST = 1600
"""Characters of one message; providers refuse more."""


class Encoding(StrEnum):
    """How a text message is sent."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


ROOM = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}
"""Units in a message of one part, and in each of several: those give up some for their number."""


@dataclass(frozen=True)
class Size:
    """A text message as a provider counts it; `foreign` are the characters that make it UCS-2."""

    encoding: Encoding
    units: int
    parts: int
    foreign: str


def size(text: str) -> Size:
    """Count a text; a character of two units is never split over two parts."""
    foreign = "".join(dict.fromkeys(char for char in text if char not in BASIC and char not in EXTENDED))
    encoding = Encoding.UCS_2 if foreign else Encoding.GSM_7
    alone, among = ROOM[encoding]
    widths = list(_widths(text, encoding))
    total = sum(widths)
    return Size(encoding, total, 1 if total <= alone else _parts(widths, among), foreign)


def _widths(text: str, encoding: Encoding) -> Iterator[int]:
    for char in text:
        wide = ord(char) > 0xFFFF if encoding is Encoding.UCS_2 else char in EXTENDED
        yield 2 if wide else 1


def _parts(widths: list[int], room: int) -> int:
    parts, used = 1, 0
    for width in widths:
        used += width
        if used > room:
            parts, used = parts + 1, width
    return parts
