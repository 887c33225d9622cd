"""Restoring a backup into an empty database of either kind, and proving that it can be."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tradehall.kernel.backup.archive import HEAD, MANIFEST, SECRET, Head, Manifest, blocks, members
from tradehall.kernel.backup.making import Uploads, organisations
from tradehall.kernel.backup.sealing import BackupError, Key
from tradehall.kernel.cabinet import original
from tradehall.kernel.database import Database, SqliteDatabase
from tradehall.kernel.database.portable import go_on_from, load, loosened, rows
from tradehall.kernel.doctor import examine, filed
from tradehall.kernel.schema import advance, migrate
from tradehall.kernel.trade import Trade
from tradehall.kernel.versions import branches

SHOWN = 5
"""So many of the uploads that are missing are named."""


@dataclass(frozen=True)
class Backup:
    """A backup that was read to its end: every block in it has the digest that it is named by."""

    head: Head
    manifest: Manifest
    files: tuple[Path, ...]
    """The full backup, and after it the one of the changes if this is one."""
    key: Key


def read(path: Path, key: Key) -> Backup:
    """Read a backup, with the full one that it adds to; raises BackupError where it is damaged, changed or incomplete."""
    head, manifest, inside = _summary(path, key)
    files = [path]
    if head.base:
        full = path.with_name(head.base)
        if not full.exists():
            raise BackupError(f"{path.name} holds the changes since {head.base}, which has to lie beside it")
        _, _, more = _summary(full, key)
        files, inside = [full, path], inside | more
    needed = {f"rows/{table}/{digest}.jsonl" for table, digest in manifest.wanted()}
    if lacking := (needed | {f"files/{name}" for name in manifest.files}) - inside:
        raise BackupError(f"{path.name} is incomplete: {len(lacking)} of its parts are missing")
    return Backup(head, manifest, tuple(files), key)


def _summary(path: Path, key: Key) -> tuple[Head, Manifest, set[str]]:
    head, manifest, inside, uploads = None, None, set(), {}
    for name, content in members(path, key):
        inside.add(name)
        try:
            if name == HEAD:
                head = Head.loads(content)
            elif name == MANIFEST:
                manifest = Manifest.loads(content)
            elif name.startswith("rows/") and sha256(content).hexdigest() != Path(name).stem:
                raise BackupError(f"{path.name} was changed: {name} is not what its name says")
            elif name.startswith("files/") and ".." not in name:
                uploads[name.removeprefix("files/")] = sha256(content).hexdigest()
        except (KeyError, TypeError, ValueError) as error:
            raise BackupError(f"{path.name} is damaged: {name} makes no sense") from error
    if head is None or manifest is None:
        raise BackupError(f"{path.name} is no backup of Tradehall")
    if changed := [name for name, digest in uploads.items() if manifest.files.get(name) != digest]:
        raise BackupError(f"{path.name} was changed: the upload {changed[0]} is not what the backup says")
    return head, manifest, inside


def fill(database: Database, backup: Backup, trades: Iterable[Trade]) -> None:
    """Restore the rows in one transaction, and read them back; raises BackupError, and leaves everything as it was."""
    folders = branches(trades)
    if missing := {each.rpartition("_")[0] for each in backup.head.revisions} - folders.keys():
        raise BackupError(f"this backup holds {', '.join(sorted(missing))}, which is not installed here")

    def change(connection: Connection) -> None:
        if sa.inspect(connection).get_table_names():
            raise BackupError("the database is not empty, or it is in use: restore into an empty one")
        advance(connection, folders, backup.head.revisions)
        with loosened(connection):
            _load(connection, backup)
        go_on_from(connection, backup.manifest.last_ids)
        _compare(connection, backup)

    database.migrate(change)


def _load(connection: Connection, backup: Backup) -> None:
    layouts = {layout.name: layout for layout in backup.head.layouts}
    wanted = backup.manifest.wanted()
    for path in backup.files:
        for name, content in members(path, backup.key):
            kind, _, rest = name.partition("/")
            table, _, digest = rest.removesuffix(".jsonl").partition("/")
            if kind == "rows" and wanted[table, digest] > 0:
                wanted[table, digest] -= 1
                load(connection, layouts[table], [orjson.loads(line) for line in content.split(b"\n")])
    if +wanted != Counter():
        raise BackupError(f"{backup.files[-1].name} changed while it was read")


def _compare(connection: Connection, backup: Backup) -> None:
    visited = organisations(connection)
    for layout in backup.head.layouts:
        found = [(digest, count) for digest, count, _ in blocks(rows(connection, layout, visited))]
        if found != backup.manifest.blocks[layout.name]:
            raise BackupError(f"after the restore {layout.name} is not what the backup says; nothing was kept")


def put_back(backup: Backup, uploads: Uploads | None, folder: Path) -> None:
    """Restore the uploads that the store lacks, and the secret into the data folder."""
    there = set(uploads.names()) if uploads is not None and backup.manifest.files else set()
    wanted = {f"files/{name}" for name in backup.manifest.files.keys() - there}
    for path in backup.files:
        for name, content in members(path, backup.key):
            if name == SECRET and path == backup.files[-1]:
                secret = folder / SECRET
                secret.touch(mode=0o600)
                secret.write_bytes(content)
            elif uploads is not None and name in wanted:
                uploads.write(name.removeprefix("files/"), content)


def restore(database: Database, backup: Backup, trades: Iterable[Trade]) -> None:
    """Restore the rows; a SQLite file appears under its name when it is whole. Raises BackupError where there is one."""
    if not isinstance(database, SqliteDatabase):
        fill(database, backup, trades)
        return
    there = [each for each in (database.path, *_beside(database.path)) if each.exists()]
    if there:
        raise BackupError(f"{there[0]} is there already, perhaps in use: restore into an empty folder")
    unfinished = database.path.with_name(database.path.name + ".unfinished")
    try:
        fill(SqliteDatabase(unfinished), backup, trades)
        unfinished.replace(database.path)
    finally:
        for each in (unfinished, *_beside(unfinished)):
            each.unlink(missing_ok=True)


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def prove(backup: Backup, trades: Sequence[Trade]) -> list[str]:
    """Restore into a scratch place, row by row compared; then what the doctor finds wrong there, a sentence each."""
    with tempfile.TemporaryDirectory(prefix="tradehall-verify-") as folder:
        database = SqliteDatabase(Path(folder) / "tradehall.db")
        fill(database, backup, trades)
        held = [trade for trade in trades if any(each.startswith(f"{trade.name}_") for each in backup.head.revisions)]
        migrate(database, held)
        try:
            return [*examine(database, held), *(_lacking(database, backup) if backup.manifest.with_uploads else ())]
        finally:
            database.shut()


def _lacking(database: Database, backup: Backup) -> Iterator[str]:
    """The uploads that rows refer to and the backup doesn't hold, a sentence for each organisation."""
    for (_, name), keys in filed(database).items():
        if missing := sorted(each for each in keys if original(each) not in backup.manifest.files):
            shown = ", ".join(missing[:SHOWN]) + (", ..." if len(missing) > SHOWN else "")
            yield f"{name}: the backup lacks {len(missing)} of {len(keys)} uploads that rows refer to: {shown}"
