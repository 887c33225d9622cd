"""Each store keeps what it is given, whole, and says so where it can't; the bucket is a real S3 server's (moto)."""

import io
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from moto.server import ThreadedMotoServer

from tests.files import album
from tests.files.samples import picture, sent, stored
from tests.running import Application, Clock, Copies, Switchboard, opened
from tradehall.adapters.store import in_bucket, in_folder
from tradehall.kernel.errors import Unavailable
from tradehall.kernel.store import Memory, Store

KEYS = {"key": "key", "secret": "secret", "region": "us-east-1"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of an S3 server with a bucket `files`."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    assert httpx2.put(f"{endpoint}/files", trust_env=False).status_code == 200
    yield endpoint
    server.stop()


@pytest.fixture(params=["memory", "folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each of the stores, empty."""
    if request.param == "memory":
        return Memory()
    if request.param == "folder":
        return in_folder(tmp_path / "files")
    return in_bucket(f"s3://files/{tmp_path.name}", endpoint=request.getfixturevalue("bucket"), **KEYS)


async def whole(store: Store, key: str) -> bytes | None:
    """What is kept under a key."""
    found = await store.get(key)
    return None if found is None else b"".join([piece async for piece in found.pieces])


async def test_a_store_gives_back_what_it_got(store: Store) -> None:
    large = bytes(range(256)) * 50_000
    await store.put("1/a/original", io.BytesIO(large))
    await store.put("1/b/original", io.BytesIO(b""))
    await store.put("11/c/original", io.BytesIO(b"of another"))
    assert await whole(store, "1/a/original") == large
    assert await whole(store, "1/b/original") == b""
    assert await whole(store, "1/none/original") is None
    assert sorted([(each.key, each.size) async for each in store.walk("1")]) == [
        ("1/a/original", len(large)),
        ("1/b/original", 0),
    ]
    await store.drop(["1/a/original", "1/a/128", "1/none/original"])
    assert await whole(store, "1/a/original") is None
    assert [each.key async for each in store.walk("1")] == ["1/b/original"]


async def test_a_bucket_that_does_not_answer_is_unavailable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = in_bucket("s3://files", endpoint=f"http://127.0.0.1:{probe.getsockname()[1]}", **KEYS)
        with pytest.raises(Unavailable):
            await nobody.put("1/a/original", io.BytesIO(b"x"))
        with pytest.raises(Unavailable):
            await nobody.get("1/a/original")


@pytest.fixture
async def uploads(
    copies: Copies,
    served: tuple[Switchboard, httpx2.AsyncClient],
    bucket: str,
    tmp_path: Path,
) -> AsyncIterator[Application]:
    """The album, whose files are in the bucket."""
    chosen = {
        "file_store": f"s3://files/{tmp_path.name}", "aws_endpoint_url": bucket, "aws_region": "us-east-1",
        "aws_access_key_id": "key", "aws_secret_access_key": "secret",
    }  # fmt: skip
    with copies.copy("sqlite", album.trade) as url:
        async with opened(url, album.trade, Clock(), served, tmp_path, **chosen) as application:
            yield application


async def test_files_are_kept_in_a_bucket_by_settings(uploads: Application, tmp_path: Path) -> None:
    application = uploads
    shop = application.places["accra"]
    made = await sent(shop.keeper, picture(size=(800, 400)))
    for path in (f"/api/files/{made['id']}", f"{made['url']}&size=128"):
        assert (await shop.keeper.get(path)).status_code == 200
    assert len(await stored(application, shop.org_id)) == 2
    assert not (tmp_path / "files").exists()
    assert (await shop.keeper.delete(f"/api/files/{made['id']}")).status_code == 204
    await application.office.worker.work_once()
    assert await stored(application, shop.org_id) == []
