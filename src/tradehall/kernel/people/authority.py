"""The counter that rises whenever who may do what has changed."""

import sqlalchemy as sa

from tradehall.kernel.database import Database, Session
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


class Revision:
    """The counter as a process last saw it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begun = 0
        self._seen = 0
        self.value = -1

    async def moved(self) -> bool:
        """Look at the counter; gives whether it stands elsewhere. Of two looks the one that began later counts."""
        self._begun += 1
        begun, value = self._begun, await self._database.read(0, authority)
        if begun < self._seen or value == self.value:
            return False
        self._seen, self.value = begun, value
        return True
