"""From a constraint that was run into to the refusal that was declared with it."""

import re

import sqlalchemy as sa

from tradehall.kernel.errors import Problem, Refused
from tradehall.kernel.records import METADATA, Record, Wall, unique_name

_SQLITE_COLUMNS = re.compile(r"UNIQUE constraint failed: (.+)")
_SQLITE_NAME = re.compile(r"CHECK constraint failed: (\w+)")


def _walls() -> list[tuple[type[Record], Wall]]:
    records = (table.info["record"] for table in METADATA.tables.values() if "record" in table.info)
    return [(record, wall) for record in records for wall in record.walls]


def by_name(constraint: str) -> Problem | None:
    """The refusal of a constraint, by its name in the database."""
    for record, wall in _walls():
        table = record.table.name
        if constraint in (unique_name(table, wall), f"ck_{table}_{wall.name}"):
            return wall.refusal()
    if constraint.startswith("fk_"):
        return Refused("reference", "This refers to something that does not exist, or is still referred to")
    return None


def by_sqlite_message(message: str) -> Problem | None:
    """The refusal of a constraint, by what SQLite says of it: columns of a unique wall, the name of a check."""
    if found := _SQLITE_COLUMNS.search(message):
        columns = [part.strip().split(".") for part in found[1].split(",")]
        table, names = columns[0][0], tuple(column for _, column in columns if column != "org_id")
        for record, wall in _walls():
            if record.table.name == table and wall.columns == names:
                return wall.refusal()
        return None
    if found := _SQLITE_NAME.search(message):
        return by_name(found[1])
    return by_name("fk_") if "FOREIGN KEY constraint failed" in message else None


def policies(table: sa.Table) -> list[str]:
    """PostgreSQL's statements that show a table's rows to their own organisation alone, to its owner too."""
    mine = "org_id = nullif(current_setting('tradehall.org', true), '')::bigint"
    return [
        f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own_organisation ON {table.name} USING ({mine}) WITH CHECK ({mine})",
    ]
