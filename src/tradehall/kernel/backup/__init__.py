"""Backups: made while the business runs, sealed if wanted, restored into either database, and proved (P-30)."""

from tradehall.kernel.backup.archive import Head, Manifest
from tradehall.kernel.backup.making import SUFFIX, Base, Made, OtherSchemaError, Source, Uploads, make
from tradehall.kernel.backup.restoring import Backup, prove, put_back, read, restore
from tradehall.kernel.backup.round import Copies, Round, superfluous
from tradehall.kernel.backup.sealing import BackupError, Key, Lock, make_pair
from tradehall.kernel.backup.stores import StoredCopies, StoredUploads

__all__ = [
    "SUFFIX",
    "Backup",
    "BackupError",
    "Base",
    "Copies",
    "Head",
    "Key",
    "Lock",
    "Made",
    "Manifest",
    "OtherSchemaError",
    "Round",
    "Source",
    "StoredCopies",
    "StoredUploads",
    "Uploads",
    "make",
    "make_pair",
    "prove",
    "put_back",
    "read",
    "restore",
    "superfluous",
]
