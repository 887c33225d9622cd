"""A trade under another server holds to what `tradehall serve` holds to (P-15, spec S84)."""

import re
from pathlib import Path

import httpx2
import pytest

from tradehall import asgi
from tradehall.kernel.database import SqliteDatabase
from tradehall.server import alone


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are read, and the data lie."""
    monkeypatch.chdir(tmp_path)
    asgi.application.cache_clear()
    return tmp_path


async def test_p_15_an_open_trade_answers_this_machine_alone_wherever_the_server_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPEN", "true")
    app = asgi.phoneshop
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("2001:db8::7", 403)):
        wire = httpx2.ASGITransport(app, client=(address, 50_000))
        async with httpx2.AsyncClient(transport=wire, base_url="http://localhost:8000") as ask:
            assert (await ask.get("/ping")).status_code == status


def test_a_process_asks_for_as_many_trades_as_it_likes_and_gets_each_once() -> None:
    first, again, other = (getattr(asgi, name) for name in ("phoneshop", "phoneshop", "laundry"))
    assert again is first is not other


def test_a_sqlite_file_is_served_by_one_process_under_another_server_too(folder: Path) -> None:
    elsewhere = SqliteDatabase(folder / "data/tradehall.db")
    with alone(elsewhere), pytest.raises(SystemExit, match=re.escape(f"another process serves {elsewhere.path}")):
        assert asgi.phoneshop


def test_p_15_what_would_not_be_served_is_not_served_under_another_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "192.0.2.1")
    monkeypatch.setenv("OPEN", "true")
    with pytest.raises(SystemExit, match="--open gives everybody the owner's rights"):
        assert asgi.phoneshop
    assert list(folder.iterdir()) == []
