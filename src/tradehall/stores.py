"""Where files and backups are kept, as the settings say; commands need this without all that is served."""

import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from tradehall.kernel.keeping import Schedule
from tradehall.kernel.store import Store
from tradehall.settings import Settings


def adapter(name: str) -> Any:
    """A module of `adapters/`, loaded only where the settings ask for it."""
    return import_module(f"tradehall.adapters.{name}")


def store_of(settings: Settings) -> Store:
    """Where files are kept: a folder in the data folder, or a bucket."""
    return _store(settings, settings.file_store or settings.tradehall_data / "files")


def copies_of(settings: Settings) -> Store | None:
    """Where backups are copied to, off this machine."""
    return _store(settings, settings.backup_to) if settings.backup_to else None


def _store(settings: Settings, place: str | Path) -> Store:
    stores = adapter("store")
    bucket = str(place).startswith("s3://")
    found: Store = stores.in_bucket(place, **settings.bucket) if bucket else stores.in_folder(Path(place))
    return found


def schedule_of(settings: Settings) -> Schedule:
    """How often backups are made, and the command that makes one."""
    command = (sys.executable, "-m", "tradehall", "backup", "--data", str(settings.tradehall_data.absolute()))
    return Schedule(
        timedelta(hours=settings.backup_every or 24),
        timedelta(minutes=settings.backup_changes_every),
        timedelta(days=settings.backup_keep_days),
        settings.tradehall_data / "backups",
        command,
        (("DATABASE_URL", settings.database_url or ""),),
    )
