"""Passwords and PINs: a memory-hard hash, made in a small pool of threads before which few may wait."""

import asyncio
import hmac
import os
import secrets
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from tradehall.kernel.errors import Unavailable

T = TypeVar("T")
LONGEST_PASSWORD = 255
BCRYPT_READS = 72
MOST_WAITING = 100
_hasher = PasswordHash((Argon2Hasher(), BcryptHasher()))
_quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1), BcryptHasher()))
_waiting: list[Callable[..., object]] = []


def _step_back() -> None:
    """Let whoever asks for something quick go first; only Linux gives a thread a priority of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


_hashing = ThreadPoolExecutor(2, "hashing", _step_back)


@cache
def nobody() -> str:
    """The hash that is checked where nobody has the name; made once, before anybody signs in."""
    return _hasher.hash(secrets.token_urlsafe(16))


def pools() -> ThreadPoolExecutor:
    """The small pool in which passwords are hashed: never on the event loop."""
    return _hashing


async def hashing(work: Callable[..., T], *given: str | None) -> T:
    """Hash or verify in the pool; raises Unavailable where too many wait already."""
    if len(_waiting) >= MOST_WAITING:
        raise Unavailable("Too many are signing in at this moment; please try again")
    _waiting.append(work)
    try:
        return await asyncio.get_running_loop().run_in_executor(_hashing, work, *given)
    finally:
        _waiting.remove(work)


def be_quick() -> None:
    """Hash at next to no cost from now on: for tests that sign in by the hundred, and for nothing else."""
    global _hasher
    _hasher = _quick


def derived(secret: str, purpose: str) -> str:
    """A key for one purpose, from the installation's secret."""
    return hmac.new(secret.encode(), f"tradehall:{purpose}".encode(), sha256).hexdigest()


def hash_password(password: str, pepper: str = "") -> str:
    """A memory-hard hash; takes about a tenth of a second. A PIN is peppered: a leaked table of hashes says nothing."""
    return _hasher.hash(_peppered(password, pepper))


def verify_password(password: str, stored: str | None, pepper: str = "") -> tuple[bool, str | None]:
    """Whether the password is right, and a new hash where the stored one is of an old kind; as slow for nobody.

    Of what is longer than bcrypt reads, its digest is checked against a bcrypt hash: none of it is cut off (P-13).
    """
    if stored is not None and stored.startswith("$2"):
        given = password.encode()
        shown = b64encode(sha256(given).digest()) if len(given) > BCRYPT_READS else given
        right = b"\0" not in shown and _hasher.verify(shown, stored)
        return right, hash_password(password, pepper) if right else None
    right, renewed = _hasher.verify_and_update(_peppered(password, pepper), stored or nobody())
    return right and stored is not None, renewed


def _peppered(password: str, pepper: str) -> str:
    return hmac.new(pepper.encode(), password.encode(), sha256).hexdigest() if pepper else password
