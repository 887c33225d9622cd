"""What is slow holds neither the event loop nor a connection to the database (row 39)."""

import threading
from typing import Any

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from tests.running import PASSWORD, Place
from tradehall.kernel.database import SqliteDatabase

TIMES = 5


async def test_row_39_passwords_are_hashed_off_the_loop_and_without_a_connection(
    shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, held, threads = shop.application.office.database, [], set()
    verify = Argon2Hasher.verify

    def noted(*given: Any) -> bool:
        threads.add(threading.current_thread())
        held.append(database._engine.pool.checkedout() if not isinstance(database, SqliteDatabase) else 0)  # type: ignore[attr-defined]  # every pool of ours counts
        return verify(*given)

    monkeypatch.setattr(Argon2Hasher, "verify", noted)
    for _ in range(TIMES):
        signed_in = {"username": shop.owner.name, "password": PASSWORD}
        answer = await shop.application.stranger.post("/api/auth/login-json", json=signed_in)
        assert answer.status_code == 200
    assert threads
    assert threading.main_thread() not in threads
    assert min(held) == 0  # what else is going on may have one for a moment
