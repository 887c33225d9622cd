"""Passwords: a memory-hard hash, made in a small pool of threads."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

LONGEST_PASSWORD = 255

_hasher = PasswordHash((Argon2Hasher(), BcryptHasher()))
_hashing = ThreadPoolExecutor(2, "hashing")


@cache
def nobody() -> str:
    """The hash that is checked where nobody has the name; made once, before anybody signs in."""
    return _hasher.hash(secrets.token_urlsafe(16))


def pools() -> ThreadPoolExecutor:
    """The small pool in which passwords are hashed: never on the event loop."""
    return _hashing


def hash_password(password: str) -> str:
    """A memory-hard hash; takes about a tenth of a second."""
    return _hasher.hash(password)


def verify_password(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether the password is right, and a new hash where the stored one is of an old kind; as slow for nobody."""
    right, renewed = _hasher.verify_and_update(password, stored or nobody())
    return right and stored is not None, renewed
