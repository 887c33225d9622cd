"""Organisations: whose data it is."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Refused
from tradehall.kernel.people.tables import MEMBERSHIPS, ORGANISATIONS, SECRETS


def organisations(session: Session) -> list[tuple[int, str]]:
    """Every organisation: id and name."""
    rows = session.execute(sa.select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).order_by(ORGANISATIONS.c.id))
    return [(row.id, row.name) for row in rows]


def organisation_of(session: Session, user_id: int, trade: str) -> int | None:
    """The organisation in which somebody is a member of a trade; the first, where they are in several."""
    here = (MEMBERSHIPS.c.user_id == user_id, MEMBERSHIPS.c.trade == trade)
    found: int | None = session.execute(sa.select(sa.func.min(MEMBERSHIPS.c.org_id)).where(*here)).scalar()
    return found


def has_users(session: Session) -> bool:
    """Whether anybody can sign in at all."""
    return session.execute(sa.select(SECRETS.c.user_id).limit(1)).first() is not None


class CreateOrganisation(Work):
    """Found an organisation; gives its id."""

    org_id = 0

    def __init__(self, name: str, now: datetime) -> None:
        self.name, self.now = name.strip(), now

    def run(self, batch: Batch) -> int:
        taken = Refused("organisation_exists", f"There is an organisation called {self.name} already")
        if any(name.casefold() == self.name.casefold() for _, name in organisations(batch.session)):
            raise taken
        insert = sa.insert(ORGANISATIONS).values(name=self.name, created_at=self.now).returning(ORGANISATIONS.c.id)
        try:
            return int(batch.session.execute(insert).scalar_one())
        except IntegrityError as error:
            raise taken from error


class DropOrganisation(Work):
    """Forget an organisation that was founded a moment ago, when its founder could not be created."""

    org_id = 0

    def __init__(self, found: int) -> None:
        self.found = found

    def run(self, batch: Batch) -> None:
        batch.session.execute(sa.delete(ORGANISATIONS).where(ORGANISATIONS.c.id == self.found))
