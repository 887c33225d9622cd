"""The schedule of backups (P-30): one at a time, what changed every few minutes, and the owner sees how they stand."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kernel import stall
from tests.kernel.floor import Floor, bring
from tests.running import Clock, Place
from tradehall.kernel.backup import SUFFIX, Key, Lock, Round, Source, make_pair, prove, read, superfluous
from tradehall.kernel.database import open_database
from tradehall.kernel.errors import Unavailable
from tradehall.kernel.keeping import Begin, Schedule, status, told

SCHEDULE = Schedule(timedelta(hours=24), timedelta(minutes=3), timedelta(days=14), Path())


@dataclass
class Elsewhere:
    """Another machine, which may be out of reach."""

    files: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def names(self) -> Iterable[str]:
        if self.away:
            raise Unavailable("The store of files does not answer", "store_unavailable")
        return list(self.files)

    def put(self, path: Path) -> None:
        self.files[path.name] = path.read_bytes()

    def drop(self, name: str) -> None:
        del self.files[name]


class Keeping:
    """A stall whose backups are made by a clock of ours."""

    def __init__(self, floor: Floor, url: str, folder: Path) -> None:
        self.floor, self.folder = floor, folder
        self.clock, self.elsewhere = Clock(), Elsewhere()
        self.clock.set("2026-03-01T09:30:00Z")
        self.round = Round(
            Source(open_database(url, Path())), Lock(), replace(SCHEDULE, folder=folder), lambda: open_database(url, Path()), self.clock,
            self.elsewhere,
        )  # fmt: skip

    async def run(self, **more: Any) -> str:
        """Make what is due; the kind of what was made."""
        source = Source(self.round.reopen())  # as in another process
        found = await asyncio.to_thread(replace(self.round, source=source, **more).run)
        return found.path.name.partition("-")[2].removesuffix(SUFFIX) if found else ""

    def names(self) -> list[str]:
        """The backups in the folder."""
        return sorted(path.name for path in self.folder.glob(f"*{SUFFIX}"))

    async def status(self) -> dict[str, Any]:
        """What the owner is told."""
        found: dict[str, Any] = await self.floor.read(lambda session: status(session, self.clock()))
        return found


@pytest.fixture
def keeping(floor: Floor, database_url: str, tmp_path: Path) -> Keeping:
    """A stall with a schedule."""
    return Keeping(floor, database_url, tmp_path / "backups")


async def test_row_28_what_changed_is_kept_every_few_minutes_and_everything_once_a_day(keeping: Keeping) -> None:
    assert await keeping.run() == "full"
    assert await keeping.run() == ""
    for minute in range(3):
        await keeping.floor.do(bring(f"crate {minute}"))
        keeping.clock.forward(minutes=3)
        assert await keeping.run() == "changes"
    newest = keeping.folder / keeping.names()[-2 if keeping.names()[-1].endswith("full.backup") else -1]
    backup = await asyncio.to_thread(read, newest, Key())
    assert backup.manifest.rows()["stall_crates"] == 3
    assert await asyncio.to_thread(prove, backup, [stall.trade]) == []
    keeping.clock.forward(minutes=3)
    assert await keeping.run() == ""  # nothing changed
    found = await keeping.status()
    assert (found["covered_until"], found["age_seconds"], found["warning"]) == ("2026-03-01T09:42:00.000000Z", 0, None)
    assert [each["kind"] for each in found["backups"]] == ["changes", "changes", "changes", "full"]
    keeping.clock.forward(hours=24)
    assert await keeping.run() == "full"
    assert sorted(keeping.elsewhere.files) == keeping.names()


async def test_p_30_of_several_processes_one_makes_the_backup(keeping: Keeping) -> None:
    made = await asyncio.gather(*(keeping.run() for _ in range(3)))
    assert sorted(made) == ["", "", "full"]
    assert len(keeping.names()) == 1


async def test_p_30_a_process_that_was_lost_keeps_nobody_from_making_the_next(keeping: Keeping) -> None:
    assert await keeping.floor.do(Begin(SCHEDULE, keeping.clock())) is not None
    (keeping.folder).mkdir()
    (keeping.folder / "20260301T093000Z-full.backup.unfinished").write_bytes(b"half")
    assert await keeping.run() == ""
    keeping.clock.forward(minutes=6)
    assert await keeping.run() == "full"
    found = await keeping.status()
    assert [each["state"] for each in found["backups"]] == ["done", "failed"]
    assert found["backups"][1]["error"] == "the process that made it was lost"
    assert await asyncio.to_thread(lambda: list(keeping.folder.glob("*.unfinished"))) == []


async def test_p_30_another_machine_waits_for_the_one_that_has_the_full_backup_and_then_begins_anew(
    keeping: Keeping, tmp_path: Path
) -> None:
    assert await keeping.run() == "full"
    there = {"schedule": replace(SCHEDULE, folder=tmp_path / "another")}
    keeping.clock.forward(minutes=4)
    assert await keeping.run(**there) == ""
    keeping.clock.forward(minutes=6)
    assert await keeping.run(**there) == "full"


async def test_p_30_a_backup_that_fails_or_grows_old_is_a_warning(keeping: Keeping) -> None:
    assert (await keeping.status())["warning"] == "No backup has been made yet"
    private, _ = make_pair()
    with pytest.raises(RuntimeError, match="this is no key of a backup"):
        await keeping.run(lock=Lock(private))
    assert (await keeping.status())["warning"] == "The first backup failed: its key or its settings are wrong"
    assert (await keeping.status())["backups"][0]["details"].startswith("this is no key of a backup")
    assert await keeping.run() == "full"
    assert (await keeping.status())["warning"] is None
    keeping.clock.forward(hours=5)
    assert (await keeping.status())["warning"] == "The last backup is 5 hours old"
    with pytest.raises(RuntimeError):
        await keeping.run(lock=Lock("nonsense"))
    said = (await keeping.status())["warning"]
    assert said.endswith("; what happened until 1 March, 09:30 UTC is safe")
    assert len(keeping.names()) == 1


async def test_p_30_what_could_not_be_copied_is_a_warning_and_is_copied_by_the_next_round(keeping: Keeping) -> None:
    keeping.elsewhere.away = True
    assert await keeping.run() == "full"
    assert (await keeping.status())["warning"] == (
        "The last backup was made, but it could not be copied off the machine"
    )
    assert (await keeping.status())["backups"][0]["details"] == "The store of files does not answer"
    keeping.elsewhere.away = False
    keeping.clock.forward(minutes=3)
    assert await keeping.run() == ""
    assert sorted(keeping.elsewhere.files) == keeping.names()
    assert (await keeping.status())["warning"] is None


async def test_p_30_sealed_changes_are_added_by_a_server_that_can_t_read_them(keeping: Keeping) -> None:
    private, public = make_pair()
    assert await keeping.run(lock=Lock(public)) == "full"
    await keeping.floor.do(bring("later"))
    keeping.clock.forward(minutes=3)
    assert await keeping.run(lock=Lock(public)) == "changes"
    newest = keeping.folder / next(name for name in keeping.names() if "changes" in name)
    backup = await asyncio.to_thread(read, newest, Key(private))
    assert backup.manifest.rows()["stall_crates"] == 1
    assert await asyncio.to_thread(prove, backup, [stall.trade]) == []


async def test_p_30_an_upgrade_begins_with_a_full_backup(keeping: Keeping) -> None:
    assert await keeping.run() == "full"
    keeping.floor.sql("ALTER TABLE stall_tags ADD COLUMN colour VARCHAR(10)")
    keeping.clock.forward(minutes=3)
    assert await keeping.run() == "full"


def names(*made: str) -> set[str]:
    """Names of backups: `1 09:30 full` is of the first of March."""
    found = set()
    for each in made:
        day, time, kind = each.split()
        found.add(f"202603{int(day):02d}T{time.replace(':', '')}00Z-{kind}{SUFFIX}")
    return found


@pytest.mark.parametrize(
    ("there", "gone"),
    [
        (("1 09:30 full",), ()),
        (("1 09:30 full", "1 09:40 full", "20 09:40 full"), ("1 09:30 full", "1 09:40 full")),
        (("1 09:30 full", "1 09:33 changes", "20 09:40 full"), ("1 09:30 full", "1 09:33 changes")),
        (("19 09:30 full", "20 09:10 changes", "20 09:20 changes"), ()),
        (("19 01:00 full", "20 02:10 changes", "20 02:20 changes", "20 09:20 changes"), ("20 02:10 changes",)),
        (("10 01:00 full", "10 02:10 changes", "10 03:20 changes", "11 01:00 full"), ("10 02:10 changes",)),
    ],
)
def test_p_30_old_backups_go_but_the_newest_full_one_and_a_few_of_the_changes_stay(
    there: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    now = datetime(2026, 3, 20, 9, 45, tzinfo=UTC)
    assert superfluous({*names(*there), "notes.txt", "full.index"}, now, timedelta(days=14)) == names(*gone)


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 minutes"), (1, "a minute"), (119, "119 minutes"), (120, "2 hours"), (2880, "2 days")]
)
def test_a_span_is_told_in_its_largest_unit(minutes: int, words: str) -> None:
    assert told(timedelta(minutes=minutes)) == words


async def test_p_30_the_owner_sees_how_the_backups_stand_and_nobody_else(shop: Place) -> None:
    answer = await shop.keeper.get("/api/backups")
    assert answer.status_code == 200
    assert answer.json() == {
        "covered_until": None, "age_seconds": None, "next_at": None, "warning": "No backup has been made yet",
        "backups": [],
    }  # fmt: skip
    assert (await shop.seller.get("/api/backups")).status_code == 403
    assert (await shop.application.stranger.get("/api/backups")).status_code == 401
