"""Commands that keep what would be lost: back up, prove the backup, restore it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tradehall.cli.start import Data, app, fail, read_settings, trades_named

if TYPE_CHECKING:
    from tradehall.kernel.backup import Backup, Key, Lock, Round, Source, Uploads
    from tradehall.kernel.database import Database
    from tradehall.settings import Settings

KeyFile = Annotated[Path | None, Parameter("--key", help="The file of the private key, for a sealed backup.")]


@app.command
def backup(file: Path | None = None, *, due: bool = False, changes: bool = False, data: Data = None) -> None:
    """Back up everything while it is being used: the rows of one moment, the uploads and the secret, in one file.

    It is sealed to BACKUP_KEY or with BACKUP_PASSPHRASE, where one of them is set.

    Parameters
    ----------
    file
        The file to write. Without one the backup is made as the schedule makes it: into the folder `backups` of the data
        folder, copied to BACKUP_TO, and what is older than BACKUP_KEEP_DAYS is deleted.
    due
        Make what the schedule wants now, perhaps nothing: a running server calls this.
    changes
        Make a backup of what changed since the newest full one, or a full one where there is none.
    """
    from tradehall.kernel.backup import Lock, make
    from tradehall.kernel.keeping import CHANGES, FULL
    from tradehall.kernel.office import utc_now

    settings = read_settings(data)
    lock = Lock(settings.backup_key, settings.backup_passphrase)
    if file is None:
        if due:
            _step_back()
        made = _round(settings, lock).run(None if due else CHANGES if changes else FULL)
        if made is None and not due and not changes:
            raise RuntimeError("another backup is being made just now")
    elif file.exists():
        raise RuntimeError(f"{file} is there already")
    else:
        made = make(_source(settings), file, lock, utc_now())
    if made is not None:
        if made.lacking and not due:
            print(
                f"it lacks {made.lacking} uploads that the store of files does not have or did not give",
                file=sys.stderr,
            )
        rows, uploads = sum(made.manifest.rows().values()), len(made.manifest.files)
        print(f"{made.path}: {rows} rows and {uploads} uploads in {made.path.stat().st_size / 1e6:.1f} MB")
        if not lock:
            print("it is not sealed: whoever has the file has the business; see tradehall backup-key")


def _step_back() -> None:
    """Let the server go first, and end in order when it ends."""
    import os
    import signal

    os.nice(10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _round(settings: "Settings", lock: "Lock") -> "Round":
    from tradehall.kernel.backup import Round, StoredCopies
    from tradehall.kernel.database import open_database
    from tradehall.kernel.office import utc_now
    from tradehall.stores import copies_of, schedule_of

    def reopen() -> "Database":
        return open_database(settings.database_url, settings.tradehall_data)

    copies = copies_of(settings)
    kept = StoredCopies(copies) if copies is not None else None
    return Round(_source(settings), lock, schedule_of(settings), reopen, utc_now, kept)


@app.command
def restore(file: Path, *, data: Data = None, key: KeyFile = None) -> None:
    """Restore a backup into an empty folder, or an empty PostgreSQL database; all of it, or nothing."""
    from tradehall.kernel.backup import put_back
    from tradehall.kernel.backup import restore as bring_back
    from tradehall.kernel.database import open_database
    from tradehall.kernel.feed import RenewEpoch

    settings = read_settings(data)
    folder = settings.tradehall_data
    for each in (folder / "tradehall.db", folder / "secret.key", folder / "files"):
        if each.exists():
            raise RuntimeError(f"{each} is there already, perhaps in use: restore into an empty folder")
    found = _read(file, key, settings)
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url, folder)
    bring_back(database, found, trades_named())
    database.run(RenewEpoch())
    put_back(found, _uploads(settings, database), folder)
    print(
        f"restored {sum(found.manifest.rows().values())} rows and {len(found.manifest.files)} uploads as they were at {found.head.made_at}"
    )


@app.command
def verify_backup(file: Path, *, key: KeyFile = None) -> None:
    """Restore a backup into a scratch place, and compare every row, the kept totals and the log; exit 1 if it fails."""
    from tradehall.kernel.backup import prove

    found = _read(file, key, read_settings(None))
    wrong = prove(found, trades_named())
    for table, count in found.manifest.rows().items():
        print(f"{table}: {count} rows")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if wrong:
        fail(f"{file} can be restored, but what it holds is not in order")
    if not found.manifest.with_uploads:
        print("uploads are not in it: it was made with BACKUP_UPLOADS=false")
    print(
        f"{file} can be restored: the business as it was at {found.head.made_at}, {len(found.manifest.files)} uploads"
    )


@app.command
def backup_key(file: Path) -> None:
    """Make a pair of keys: the private one goes into a file, to be kept away from the server; prints the public one."""
    from tradehall.kernel.backup import make_pair

    private, public = make_pair()
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(private + "\n")
    print(f"{file} opens what is sealed: keep it away from the server, and a copy on paper; the server gets")
    print(f"BACKUP_KEY={public}")


def _source(settings: "Settings") -> "Source":
    from tradehall.kernel.backup import Source
    from tradehall.kernel.database import open_database

    database = open_database(settings.database_url, settings.tradehall_data)
    uploads = _uploads(settings, database) if settings.backup_uploads else None
    return Source(database, uploads, settings.tradehall_data / "secret.key")


def _uploads(settings: "Settings", database: "Database") -> "Uploads":
    """The uploads, in the data folder or in a bucket."""
    from tradehall.kernel.backup import StoredUploads
    from tradehall.stores import store_of

    return StoredUploads(store_of(settings), database)


def _read(file: Path, key: Path | None, settings: "Settings") -> "Backup":
    from tradehall.kernel.backup import read

    return read(file, _key(key, settings))


def _key(file: Path | None, settings: "Settings") -> "Key":
    from tradehall.kernel.backup import Key

    return Key(file.read_text().strip() if file else "", settings.backup_passphrase)
