"""What SQLite is told of the rows that its indexes hold: those of a business that has been at work for years."""

from collections.abc import Iterator

from sqlalchemy.engine import Connection

ROWS, SHARED = 100_000, (100, 10)
"""How many rows a table is presumed to have, and how many of them share one column, and two."""
FEW = 10
"""An index of some rows only is presumed to hold one in so many."""
ONE_PLACE = {"org_id", "trade", "of_trade"}
"""These tell no rows apart: nearly all are of one organisation and one trade."""
_TABLES = "SELECT name, sql LIKE '%WITHOUT ROWID%' FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"


def statistics(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """The rows of `sqlite_stat1`: table, index, and how many rows it has and how many share its first columns."""
    for table, is_one_tree in connection.exec_driver_sql(_TABLES).all():
        for _, index, is_unique, origin, is_partial in connection.exec_driver_sql(f"PRAGMA index_list({table})").all():
            columns = [row[2] for row in connection.exec_driver_sql(f"PRAGMA index_info({index})")]
            shared, narrower = [ROWS // FEW if is_partial else ROWS], iter(SHARED)
            for column in columns:
                shared.append(min(shared[-1], shared[0] // 2 if column in ONE_PLACE else next(narrower, 2)))
            if is_unique:
                shared[-1] = 1
            # It would try one organisation after the other, since there seem to be so few.
            stat = " ".join([*map(str, shared), "noskipscan"])
            yield table, table if is_one_tree and origin == "pk" else index, stat
