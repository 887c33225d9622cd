"""Encryption of a backup: to a public key whose other half is kept elsewhere, or with a passphrase.

A sealed file is a line that names it, a line of JSON that says how its key is found, and frames of AES-256-GCM of a
mebibyte each. The nonce counts the frames and marks the last one, so that none can be left out, moved or cut off.
"""

import base64
import io
import os
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"tradehall sealed backup 1\n"
FRAME = 1 << 20
TAG = 16
LONGEST_HEAD = 4096
PUBLIC, PRIVATE = "backup-to-", "backup-key-"


class BackupError(RuntimeError):
    """A backup can't be made, read or restored; the message is a sentence for whoever asked."""


@dataclass(frozen=True)
class Lock:
    """What a backup is sealed with: a public key, or a passphrase; with neither it stays open."""

    public_key: str = ""
    passphrase: str = ""

    def __bool__(self) -> bool:
        return bool(self.public_key or self.passphrase)


@dataclass(frozen=True)
class Key:
    """What a backup is opened with."""

    private_key: str = ""
    passphrase: str = ""


def make_pair() -> tuple[str, str]:
    """A new private key and its public one, as text."""
    private = X25519PrivateKey.generate()
    return (
        PRIVATE + _text(private.private_bytes_raw()),
        PUBLIC + _text(private.public_key().public_bytes_raw()),
    )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str, kind: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text.removeprefix(kind) + "=")
    except ValueError:
        raw = b""
    if not text.startswith(kind) or len(raw) != 32:
        raise BackupError(f"this is no key of a backup: it has to begin with {kind} and come from tradehall backup-key")
    return raw


def _shared(private: X25519PrivateKey, public: X25519PublicKey, salt: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, b"tradehall backup").derive(private.exchange(public))


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt, 32, n=2**15, r=8, p=1).derive(passphrase.encode())


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class Sealing(io.RawIOBase):
    """Writes what it is given encrypted to a file, which stays open; `finish` writes the last frame."""

    def __init__(self, file: BinaryIO, lock: Lock) -> None:
        self._file, self._kept, self._number = file, bytearray(), 0
        salt = os.urandom(16)
        head: dict[str, Any] = {"salt": _text(salt)}
        if lock.public_key:
            mine = X25519PrivateKey.generate()
            key = _shared(mine, X25519PublicKey.from_public_bytes(_bytes(lock.public_key, PUBLIC)), salt)
            head |= {"by": "x25519", "public": _text(mine.public_key().public_bytes_raw())}
        else:
            key = _stretched(lock.passphrase, salt)
            head |= {"by": "scrypt"}
        self._said = MAGIC + orjson.dumps(head) + b"\n"
        self._cipher = AESGCM(key)
        file.write(self._said)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._kept += data
        while len(self._kept) > FRAME:
            self._put(bytes(self._kept[:FRAME]), last=False)
            del self._kept[:FRAME]
        return len(data)

    def _put(self, plain: bytes, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), plain, self._said))
        self._number += 1

    def finish(self) -> None:
        """Write what is left, marked as the end."""
        self._put(bytes(self._kept), last=True)


class Opening(io.RawIOBase):
    """Reads a sealed file decrypted; raises BackupError where the key is wrong, or a frame was changed or is missing."""

    def __init__(self, file: BinaryIO, key: Key) -> None:
        self._file, self._number, self._plain, self._ended = file, 0, b"", False
        line = file.readline(LONGEST_HEAD)
        self._said = MAGIC + line
        try:
            head = orjson.loads(line)
            salt, by = _bytes_of(head["salt"]), head["by"]
            self._cipher = AESGCM(self._key(by, head, salt, key))
        except (KeyError, TypeError, ValueError) as error:
            raise BackupError("this is no backup of Tradehall, or its beginning is damaged") from error
        self._next = file.read(FRAME + TAG)

    def _key(self, by: str, head: dict[str, Any], salt: bytes, key: Key) -> bytes:
        if by == "scrypt":
            if not key.passphrase:
                raise BackupError("this backup is sealed with a passphrase: give it in BACKUP_PASSPHRASE")
            return _stretched(key.passphrase, salt)
        if not key.private_key:
            raise BackupError("this backup is sealed: name the file of its private key with --key")
        mine = X25519PrivateKey.from_private_bytes(_bytes(key.private_key.strip(), PRIVATE))
        return _shared(mine, X25519PublicKey.from_public_bytes(_bytes_of(head["public"])), salt)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._plain and not self._ended:
            self._advance()
        part = self._plain[: len(buffer)]
        buffer[: len(part)] = part
        self._plain = self._plain[len(part) :]
        return len(part)

    def _advance(self) -> None:
        frame, self._next = self._next, self._file.read(FRAME + TAG)
        self._ended = not self._next
        try:
            self._plain = self._cipher.decrypt(_nonce(self._number, self._ended), frame, self._said)
        except InvalidTag as error:
            first = "the key is not the one of this backup, or its beginning was changed"
            raise BackupError("this backup was changed or cut short" if self._number else first) from error
        self._number += 1


def _bytes_of(text: Any) -> bytes:
    return base64.urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4))
