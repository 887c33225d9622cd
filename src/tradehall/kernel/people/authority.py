"""The counter that rises whenever who may do what has changed."""

import sqlalchemy as sa

from tradehall.kernel.database import Session
from tradehall.kernel.people.tables import REVISIONS

AUTHORITY = "authority"
"""The counter that rises whenever who may do what has changed; every process looks at it (P-14)."""


def touch_authority(session: Session) -> None:
    """Tell every process that who may do what has changed."""
    bump = sa.update(REVISIONS).where(REVISIONS.c.name == AUTHORITY).values(value=REVISIONS.c.value + 1)
    if session.change(bump) == 0:
        session.execute(sa.insert(REVISIONS).values(name=AUTHORITY, value=1))


def authority(session: Session) -> int:
    """The counter's value."""
    return session.execute(sa.select(REVISIONS.c.value).where(REVISIONS.c.name == AUTHORITY)).scalar() or 0
