"""Labels: what rows and people are called on a page, all of a kind in one question."""

from collections.abc import Iterable

import sqlalchemy as sa

from tradehall.kernel.database import Prepared
from tradehall.kernel.people.tables import SIGN_IN_NAMES, USERS
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, per_record

MANY = 50
_PLACES = tuple(f"id_{number}" for number in range(MANY))
_ANY_OF = tuple(sa.bindparam(name, type_=sa.BigInteger) for name in _PLACES)


@per_record
def _labelled(record: type[Record]) -> Prepared:
    table = record.table.c
    columns = (table[name] for name in record.known_as)
    return Prepared(sa.select(table.id, *columns).where(table.org_id == sa.bindparam("org_id"), table.id.in_(_ANY_OF)))


_name = sa.and_(SIGN_IN_NAMES.c.user_id == USERS.c.id, SIGN_IN_NAMES.c.position == 0)
_people = Prepared(
    sa.select(USERS.c.id, sa.func.coalesce(USERS.c.full_name, SIGN_IN_NAMES.c.shown))
    .select_from(USERS.join(SIGN_IN_NAMES, _name))
    .where(SIGN_IN_NAMES.c.trade == sa.bindparam("trade"), USERS.c.id.in_(_ANY_OF))
)


def labels(reader: Reader, record: type[Record], ids: Iterable[int]) -> dict[int, str]:
    """What rows of a record are called, by id; of those that are not there, nothing."""
    found: dict[int, str] = {}
    for given in _batches(ids):
        for row_id, *values in reader.session.run(_labelled(record), {"org_id": reader.org_id, **given}):
            text = " ".join([str(each) for each in values if each is not None and each != ""])
            found[row_id] = text or f"{record.title} {row_id}"
    return found


def people(reader: Reader, ids: Iterable[int]) -> dict[int, str]:
    """What people are called, by id."""
    found: dict[int, str] = {}
    for given in _batches(ids):
        rows = reader.session.run(_people, {"trade": reader.trade.name, **given})
        found |= {row[0]: row[1] for row in rows}
    return found


def _batches(ids: Iterable[int]) -> Iterable[dict[str, int]]:
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), MANY):
        some = wanted[start : start + MANY]
        yield dict(zip(_PLACES, some + [0] * (MANY - len(some)), strict=True))
