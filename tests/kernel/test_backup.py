"""Backups (P-30, row 28): taken while others write, restored into either database, and never restored by halves."""

import asyncio
import gzip
import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.kernel import stall
from tests.kernel.floor import HERE, NOW, THERE, Floor, Unit, bring
from tests.kernel.stall import NewCrate
from tests.running import Copies
from tests.servers import Postgres
from tradehall.kernel.backup import (
    BackupError,
    Base,
    Key,
    Lock,
    Made,
    OtherSchemaError,
    Source,
    make,
    make_pair,
    prove,
    put_back,
    read,
    restore,
)
from tradehall.kernel.context import Context
from tradehall.kernel.database import Database, SqliteDatabase, open_database
from tradehall.kernel.doctor import examine
from tradehall.kernel.files import File
from tradehall.kernel.schema import migrate
from tradehall.trades import phoneshop

OPEN, NO_KEY = Lock(), Key()
PRIVATE, PUBLIC = make_pair()


@dataclass
class Shelf:
    """Uploads in memory."""

    files: dict[str, bytes] = field(default_factory=dict)

    def names(self) -> list[str]:
        return list(self.files)

    def read(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        return [(name, self.files[name]) for name in names if name in self.files]

    def write(self, name: str, content: bytes) -> None:
        self.files[name] = content


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database to restore into, of either kind, whichever the backup is from."""
    if request.param == "sqlite":
        return open_database(None, tmp_path / "restored")
    server: Postgres = request.getfixturevalue("private_server")
    return open_database(server.database(f"restored_{abs(hash(tmp_path)) % 10**9}"), tmp_path)


def drink(crate_id: int, ctx: Context) -> None:
    """Take one out of a crate."""
    ctx.do(stall.take, ctx.get(stall.Crate, crate_id), stall.Amount())


def throw_away(crate_id: int, ctx: Context) -> None:
    """Delete a crate."""
    with ctx.happening("crate.delete"):
        ctx.delete(ctx.get(stall.Crate, crate_id))


@pytest.fixture
def elsewhere(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of the other kind."""
    if database_url.startswith("postgresql"):
        return open_database(None, tmp_path / "restored")
    server: Postgres = request.getfixturevalue("private_server")
    return open_database(server.database(f"elsewhere_{abs(hash(tmp_path)) % 10**9}"), tmp_path)


async def made(url: str, path: Path, lock: Lock = OPEN, base: Base | None = None, uploads: Shelf | None = None) -> Made:
    """Back up a database as another process would, on connections of its own."""
    secret = path.parent / "secret.key"
    return await asyncio.to_thread(make, Source(open_database(url, Path()), uploads, secret), path, lock, NOW, base)


async def upload(floor: Floor, shelf: Shelf, key: str, content: bytes) -> None:
    """Keep a file, with its row."""
    values = {"of_trade": "stall", "key": key, "type": "image/png", "size": len(content), "uploaded_by": 1}

    def keep(ctx: Context) -> None:
        with ctx.happening("test"):
            ctx.add(File(name="photo.png", **values))

    await floor.rule(keep)
    shelf.files[f"{key}/original"] = content


async def restored(database: Database, path: Path, key: Key = NO_KEY) -> None:
    """Restore a backup."""
    await asyncio.to_thread(lambda: restore(database, read(path, key), [stall.trade]))


async def contents(database: Database, folder: Path) -> dict[str, list[tuple[str, int]]]:
    """The digests of every row: those of a backup that is made of it."""
    found = await asyncio.to_thread(make, Source(database), folder / "contents.backup", OPEN, NOW)
    found.path.unlink()
    return found.manifest.blocks


async def crates(database: Database, org_id: int) -> list[tuple[int, str, str]]:
    """Id, number and label of each crate."""
    table = stall.Crate.table.c
    query = sa.select(table.id, table.number, table.label).where(table.org_id == org_id).order_by(table.id)
    found = await asyncio.to_thread(database.ask, org_id, lambda session: session.execute(query).all())
    return [(row[0], row[1], row[2]) for row in found]


async def test_row_28_rows_come_back_with_the_same_digests_in_either_database(
    floor: Floor, database_url: str, empty: Database, tmp_path: Path
) -> None:
    for label in ("Ewe", "tab\tline\nback\\slash", "ɔbaa 😀", "\\N"):
        await floor.do(bring(label))
    await floor.do(Unit(lambda ctx: ctx.do(stall.bring, NewCrate(label="theirs")), THERE))
    (tmp_path / "secret.key").write_text("signed with this")
    backup = await made(database_url, tmp_path / "a.backup")
    await restored(empty, backup.path)
    assert await contents(empty, tmp_path) == backup.manifest.blocks
    assert backup.manifest.rows()["stall_crates"] == 5
    for org_id in (HERE, THERE):
        assert await crates(empty, org_id) == await crates(open_database(database_url, Path()), org_id)
    (tmp_path / "restored").mkdir(exist_ok=True)
    put_back(read(backup.path, NO_KEY), None, tmp_path / "restored")
    assert (tmp_path / "restored/secret.key").read_text() == "signed with this"
    assert await asyncio.to_thread(lambda: list(examine(empty, [stall.trade]))) == []


async def test_row_28_ids_go_on_after_those_that_were_given_out_before_the_backup(
    floor: Floor, database_url: str, empty: Database, tmp_path: Path
) -> None:
    await floor.do(bring("stays"))
    gone = await floor.do(bring("goes"))
    await floor.rule(partial(throw_away, gone.id))
    backup = await made(database_url, tmp_path / "a.backup")
    await restored(empty, backup.path)
    again = await asyncio.to_thread(empty.run, bring("comes"))
    assert again.id == gone.id + 1
    assert again.number == "C-000003"
    assert await asyncio.to_thread(lambda: list(examine(empty, [stall.trade]))) == []


async def test_row_28_a_restored_postgresql_shows_each_organisation_its_own_rows(
    floor: Floor, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: Postgres = request.getfixturevalue("private_server")
    there = open_database(server.database(f"walls_{abs(hash(tmp_path)) % 10**9}"), tmp_path)
    await floor.do(bring("ours"))
    backup = await made(database_url, tmp_path / "a.backup")
    await restored(there, backup.path)
    assert await crates(there, HERE) == [(1, "C-000001", "ours")]
    everything = "SELECT count(*) FROM stall_crates"
    secured = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated"

    def of(query: str, org_id: int, database: Database) -> int:
        return int(database.ask(org_id, lambda session: session.connection.exec_driver_sql(query).scalar()) or 0)

    assert await asyncio.to_thread(of, everything, THERE, there) == 0
    fresh = open_database(server.database(f"fresh_{abs(hash(tmp_path)) % 10**9}"), tmp_path)
    await asyncio.to_thread(migrate, fresh, [stall.trade])
    for query in (secured, keys):
        wanted = await asyncio.to_thread(of, query, HERE, fresh)
        assert wanted > 0
        assert await asyncio.to_thread(of, query, HERE, there) == wanted


async def test_row_28_what_was_acknowledged_before_the_start_is_in_a_backup_that_is_made_under_load(
    floor: Floor, database_url: str, elsewhere: Database, tmp_path: Path
) -> None:
    acknowledged: list[int] = []
    enough = asyncio.Event()

    async def seller(name: str) -> None:
        for n in count():
            if enough.is_set():
                return
            crate = await floor.do(bring(f"{name}, {n}"))
            await floor.rule(partial(drink, crate.id))
            acknowledged.append(crate.id)

    sellers = [asyncio.create_task(seller(f"seller {n}")) for n in range(4)]
    backups: list[tuple[list[int], Made]] = []
    for n in range(3):
        await asyncio.sleep(0.1)
        before = list(acknowledged)
        backups.append((before, await made(database_url, tmp_path / f"{n}.backup")))
    enough.set()
    await asyncio.gather(*sellers)
    assert len(acknowledged) > len(backups[-1][0])  # they sold on meanwhile
    for before, backup in backups:
        assert prove(read(backup.path, NO_KEY), [stall.trade]) == []
        assert backup.manifest.rows()["stall_crates"] >= len(before)
    before, backup = backups[-1]
    await restored(elsewhere, backup.path)
    assert set(before) <= {row[0] for row in await crates(elsewhere, HERE)}
    assert await contents(elsewhere, tmp_path) == backup.manifest.blocks


async def test_row_28_a_backup_of_the_changes_holds_little_and_restores_everything(
    floor: Floor, database_url: str, elsewhere: Database, tmp_path: Path
) -> None:
    uploads = Shelf()
    await upload(floor, uploads, "0a1b", b"a photo")
    await floor.rule(lambda ctx: [ctx.do(stall.bring, NewCrate(label=f"crate {n}")) for n in range(3000)][-1].id)
    full = await made(database_url, tmp_path / "full.backup", uploads=uploads)
    base = Base(full.head, full.manifest)
    await floor.do(bring("later"))
    await floor.rule(partial(throw_away, 7))
    await upload(floor, uploads, "2c3d", b"another photo")
    uploads.files["0000/original"] = b"what no row refers to"
    changes = await made(database_url, tmp_path / "changes.backup", base=base, uploads=uploads)
    blocks = sum(map(len, changes.manifest.blocks.values()))
    # Usually a third: where blocks end is decided by the salts of their rows, and so by chance.
    assert 0 < changes.added < blocks * 3 / 4
    assert changes.path.stat().st_size < full.path.stat().st_size * 3 / 4
    backup = read(changes.path, NO_KEY)
    await asyncio.to_thread(restore, elsewhere, backup, [stall.trade])
    assert await contents(elsewhere, tmp_path) == changes.manifest.blocks
    found = [row[2] for row in await crates(elsewhere, HERE)]
    assert (len(found), found[-1], "crate 6" in found) == (3000, "later", False)
    back = Shelf()
    (tmp_path / "restored").mkdir(exist_ok=True)
    put_back(backup, back, tmp_path / "restored")
    assert back.files == {"0a1b/original": b"a photo", "2c3d/original": b"another photo"}
    idle = await made(database_url, tmp_path / "idle.backup", base=base, uploads=uploads)
    assert idle.added == changes.added
    full.path.unlink()
    with pytest.raises(BackupError, match=r"changes since full\.backup, which has to lie beside it"):
        read(changes.path, NO_KEY)


async def test_p_30_what_a_backup_lacks_of_the_uploads_is_said_when_it_is_verified(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    uploads = Shelf()
    for key in ("0a1b", "2c3d", "4e5f"):
        await upload(floor, uploads, key, b"a photo")
    whole = await made(database_url, tmp_path / "whole.backup", uploads=uploads)
    del uploads.files["2c3d/original"]
    lacks = await made(database_url, tmp_path / "lacks.backup", uploads=uploads)
    without = await made(database_url, tmp_path / "without.backup")
    assert [each.lacking for each in (whole, lacks, without)] == [0, 1, 0]
    found = [await asyncio.to_thread(prove, read(each.path, NO_KEY), [stall.trade]) for each in (whole, lacks, without)]
    assert found == [[], ["accra: the backup lacks 1 of 3 uploads that rows refer to: 2c3d"], []]
    changes = await made(
        database_url, tmp_path / "changes.backup", base=Base(whole.head, whole.manifest), uploads=uploads
    )
    assert changes.lacking == 0  # the full one has it
    back = Shelf({"0a1b/original": b"what the store has already"})
    (tmp_path / "restored").mkdir()
    put_back(read(changes.path, NO_KEY), back, tmp_path / "restored")
    assert back.files["0a1b/original"] == b"what the store has already"
    assert back.files["2c3d/original"] == b"a photo"


async def test_changes_are_not_added_to_a_backup_of_another_schema(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    full = await made(database_url, tmp_path / "full.backup")
    floor.sql("ALTER TABLE stall_tags ADD COLUMN colour VARCHAR(10)")
    with pytest.raises(OtherSchemaError):
        await made(database_url, tmp_path / "changes.backup", base=Base(full.head, full.manifest))
    assert await asyncio.to_thread(lambda: list(tmp_path.glob("changes*"))) == []


# Sealed, damaged, foreign.


@pytest.fixture
def small(copies: Copies, tmp_path: Path) -> Iterator[Callable[[Lock], Path]]:
    """Backs up a stall with a crate in it; the file is the same from either database."""
    with copies.copy("sqlite", stall.trade) as url:
        database = open_database(url, Path())
        database.run(bring("sealed words"))
        yield lambda lock: make(Source(database), tmp_path / "small.backup", lock, NOW).path


@pytest.mark.parametrize("by", ["key", "passphrase"])
def test_p_30_a_sealed_backup_opens_with_its_own_key_only(small: Callable[[Lock], Path], by: str) -> None:
    private, public = make_pair()
    other, _ = make_pair()
    right, wrong = (Key(private), Key(other)) if by == "key" else (Key("", "words of ours"), Key("", "words of theirs"))
    path = small(Lock(public) if by == "key" else Lock("", "words of ours"))
    assert b"sealed words" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert prove(read(path, right), [stall.trade]) == []
    with pytest.raises(BackupError, match="the key is not the one of this backup"):
        read(path, wrong)
    with pytest.raises(BackupError, match=r"sealed: name the file of its private key|give it in BACKUP_PASSPHRASE"):
        read(path, NO_KEY)
    if by == "key":
        with pytest.raises(BackupError, match="this is no key of a backup"):
            read(path, Key("not a key"))


def cut(content: bytes) -> Iterator[bytes]:
    """A file that ends too early, at several places."""
    for share in (0.1, 0.5, 0.9):
        yield content[: int(len(content) * share)]
    yield content[:-1]


def turned(content: bytes) -> Iterator[bytes]:
    """A file with one bit that is another, at several places."""
    for place in range(40, len(content), len(content) // 25):
        yield content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.mark.parametrize("lock", [OPEN, Lock(PUBLIC)], ids=["open", "sealed"])
def test_p_30_a_backup_that_was_cut_or_changed_is_refused(small: Callable[[Lock], Path], lock: Lock) -> None:
    path = small(lock)
    content = path.read_bytes()
    if not lock:
        packed = gzip.decompress(content)
        reversed_words = packed.replace(b"sealed words", b"waxed words.")
        assert reversed_words != packed
        forged = [gzip.compress(reversed_words), gzip.compress(_without(packed, "rows/stall_crates"))]
    else:
        forged = [content + b"more", content[: len(content) // 2] + content]
    for each in [*cut(content), *turned(content), *forged]:
        path.write_bytes(each)
        with pytest.raises(BackupError):
            read(path, Key(PRIVATE))


def _without(tar: bytes, prefix: str) -> bytes:
    """The same tar without some members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(tar)) as source, tarfile.open(fileobj=out, mode="w") as target:
        for member in source:
            if not member.name.startswith(prefix):
                target.addfile(member, source.extractfile(member))
    return out.getvalue()


def test_p_30_a_foreign_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    foreign = {"photo.jpg": b"\xff\xd8\xff", "empty": b"", "notes.gz": gzip.compress(b"words"), "tar": _tar()}
    for name, content in foreign.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BackupError, match=r"no backup of Tradehall|damaged"):
            read(tmp_path / name, NO_KEY)
    with pytest.raises(BackupError, match="there is no file"):
        read(tmp_path / "nowhere", NO_KEY)


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = 2
        tar.addfile(member, io.BytesIO(b"{}"))
    return out.getvalue()


# Restoring where something is, or with what is missing.


async def test_p_30_a_database_that_holds_something_is_not_restored_into(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    await floor.do(bring("new"))
    backup = await made(database_url, tmp_path / "a.backup")
    await floor.do(bring("newer"))
    with pytest.raises(BackupError, match=r"is there already, perhaps in use|is not empty, or it is in use"):
        await restored(open_database(database_url, Path()), backup.path)
    assert await floor.labels() == ["new", "newer"]
    assert await floor.wrong() == []


async def test_p_30_a_restore_that_fails_leaves_nothing(
    floor: Floor, database_url: str, elsewhere: Database, tmp_path: Path
) -> None:
    await floor.do(bring("new"))
    backup = await made(database_url, tmp_path / "a.backup")
    found = read(backup.path, NO_KEY)
    found.manifest.blocks["stall_tags"].append(("0" * 64, 1))  # as if the file were another by now
    with pytest.raises(BackupError, match="changed while it was read"):
        await asyncio.to_thread(restore, elsewhere, found, [stall.trade])
    if isinstance(elsewhere, SqliteDatabase):
        assert not list(elsewhere.path.parent.glob("*"))
    await restored(elsewhere, backup.path)
    assert [row[2] for row in await crates(elsewhere, HERE)] == ["new"]


async def test_p_30_a_trade_or_a_version_that_is_not_installed_is_named(
    floor: Floor, database_url: str, elsewhere: Database, tmp_path: Path
) -> None:
    backup = await made(database_url, tmp_path / "a.backup")
    found = read(backup.path, NO_KEY)
    with pytest.raises(BackupError, match="this backup holds stall, which is not installed here"):
        await asyncio.to_thread(restore, elsewhere, found, [phoneshop.trade])
