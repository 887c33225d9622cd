"""Making a backup: one consistent state of the database, read while others write, and the uploads that go with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tradehall.kernel.backup.archive import HEAD, MANIFEST, SECRET, Head, Manifest, Writing, blocks, writing
from tradehall.kernel.backup.sealing import BackupError, Lock
from tradehall.kernel.cabinet import original
from tradehall.kernel.database import Database, Session
from tradehall.kernel.database.portable import last_ids, layouts, rows, visit
from tradehall.kernel.events import EVENTS
from tradehall.kernel.files import keys
from tradehall.kernel.kinds import utc_text
from tradehall.kernel.people.tables import ORGANISATIONS
from tradehall.kernel.records import METADATA

SUFFIX = ".backup"


class Uploads(Protocol):
    """The store of uploaded files, as a backup sees it."""

    def names(self) -> Iterable[str]:
        """Those that are there."""

    def read(self, names: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        """The names and contents of these, as far as they can be had."""

    def write(self, name: str, content: bytes) -> None:
        """Keep a file under this name."""


@dataclass(frozen=True)
class Source:
    """What is backed up: a database, its uploads, and the secret that tokens are signed with, where it is a file."""

    database: Database
    uploads: Uploads | None = None
    secret: Path | None = None


@dataclass(frozen=True)
class Base:
    """The full backup that a backup of the changes adds to."""

    head: Head
    manifest: Manifest


@dataclass(frozen=True)
class Made:
    """A backup that was made: how many blocks and files of its own it holds, and how many uploads it should hold and lacks."""

    path: Path
    head: Head
    manifest: Manifest
    added: int
    lacking: int = 0


class OtherSchemaError(BackupError):
    """The schema is no longer that of the base: only a full backup can be made."""


def left_out() -> Set[str]:
    """The tables that belong to the installation rather than to the business, and stay where they are."""
    return {table.name for table in METADATA.tables.values() if table.info.get("backup") is False}


def organisations(connection: Connection) -> list[int]:
    """The organisations to visit, and what belongs to none."""
    return [0, *sorted(connection.execute(sa.select(ORGANISATIONS.c.id)).scalars())]


def described(connection: Connection, name: str, now: datetime, base: str = "") -> Head:
    """What a backup of this database says of itself; raises BackupError where there is nothing to back up."""
    if not sa.inspect(connection).has_table("alembic_version"):
        raise BackupError("there is nothing to back up: the database is empty")
    applied = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars()
    return Head(name, utc_text(now), tuple(sorted(applied)), tuple(layouts(connection, left_out())), base)


def make(source: Source, path: Path, lock: Lock, now: datetime, base: Base | None = None) -> Made:
    """Write a backup, in full or of what changed since a full one; nobody who writes meanwhile has to wait."""

    known = set(base.manifest.wanted()) if base else set()
    with _written(path, lock, now) as archive:

        def copy(session: Session) -> tuple[Head, Manifest, int, list[str]]:
            head = described(session.connection, path.name, now, base.head.name if base else "")
            if base and (head.revisions, head.layouts) != (base.head.revisions, base.head.layouts):
                raise OtherSchemaError("the schema changed since the last full backup")
            archive.add(HEAD, head.dumps())
            return head, *_rows(session.connection, head, archive, known), _named(session)

        head, manifest, added, named = source.database.ask(0, copy)
        manifest.with_uploads = source.uploads is not None
        if source.uploads is not None:
            added += _files(source.uploads, named, archive, manifest, base.manifest.files if base else {})
        if source.secret is not None and source.secret.exists():
            archive.add(SECRET, source.secret.read_bytes())
        archive.add(MANIFEST, manifest.dumps())
    return Made(path, head, manifest, added, len(named) - len(manifest.files) if manifest.with_uploads else 0)


def _rows(connection: Connection, head: Head, archive: Writing, known: Set[tuple[str, str]]) -> tuple[Manifest, int]:
    kept = {table: last for table, last in last_ids(connection).items() if table not in left_out()}
    manifest, added = Manifest(last_ids=kept, logs=dict(_logs(connection))), 0
    visited = organisations(connection)
    for layout in head.layouts:
        there = manifest.blocks[layout.name] = []
        for digest, count, content in blocks(rows(connection, layout, visited)):
            there.append((digest, count))
            if (layout.name, digest) not in known:
                archive.add(f"rows/{layout.name}/{digest}.jsonl", content)
                added += 1
    return manifest, added


def _written(path: Path, lock: Lock, now: datetime) -> AbstractContextManager[Writing]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return writing(path, lock, now.astimezone(UTC).timestamp())


def _logs(connection: Connection) -> Iterator[tuple[str, tuple[int, str]]]:
    for org_id in organisations(connection):
        visit(connection, org_id)
        newest = sa.select(EVENTS.c.id, EVENTS.c.chain).where(EVENTS.c.org_id == org_id)
        found = connection.execute(newest.order_by(EVENTS.c.id.desc()).limit(1)).first()
        if found is not None:
            yield str(org_id), (found[0], found[1])


def _named(session: Session) -> list[str]:
    """The uploads that rows refer to."""
    found = []
    for org_id in organisations(session.connection):
        visit(session.connection, org_id)
        found += [original(key) for key in keys(session, org_id)]
    return sorted(found)


def _files(
    uploads: Uploads, named: Sequence[str], archive: Writing, manifest: Manifest, known: Mapping[str, str]
) -> int:
    """Add the uploads that are not in the full backup: one never changes under its name."""
    manifest.files |= {name: known[name] for name in named if name in known}
    fresh = [name for name in named if name not in known]
    for name, content in uploads.read(fresh):
        manifest.files[name] = sha256(content).hexdigest()
        archive.add(f"files/{name}", content)
    return sum(name in manifest.files for name in fresh)
