"""Seals: tokens that nobody guesses, for links to rows that keep no token of their own."""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from tradehall.kernel.records import Record

_SEALED = re.compile(r"([0-9a-f]{1,15})-([0-9a-f]{1,15})-([A-Za-z0-9_-]{24})", re.ASCII)


class Seals:
    """Makes tokens and knows them again: the organisation, the row, and 144 bits of a signature of both."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def token(self, record: type[Record], org_id: int, row_id: int) -> str:
        """The token of a row."""
        return f"{org_id:x}-{row_id:x}-{self._mark(record.table.name, org_id, row_id)}"

    def opened(self, record: type[Record], token: str) -> tuple[int, int] | None:
        """The organisation and the row of a token, where it is one of a row of this record."""
        found = _SEALED.fullmatch(token)
        if found is None:
            return None
        org_id, row_id = int(found[1], 16), int(found[2], 16)
        is_right = hmac.compare_digest(self._mark(record.table.name, org_id, row_id), found[3])
        return (org_id, row_id) if is_right else None

    def _mark(self, *said: object) -> str:
        mark = hmac.new(self._key, "\n".join(map(str, said)).encode(), sha256).digest()
        return urlsafe_b64encode(mark[:18]).decode()
