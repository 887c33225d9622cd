"""API keys: with one a program acts in a role, within scopes. Shown once, stored hashed, kept in memory once verified."""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import Field as Limit

from tradehall.kernel.columns import Moment, json, moment, optional, person, secret, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.database import Batch, Database, Prepared, Session, Work
from tradehall.kernel.errors import Throttled, Unauthenticated, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.people import Revision, digest, touch_authority
from tradehall.kernel.people.attempts import Budget, Spend, counted
from tradehall.kernel.records import Record, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.together import Together
from tradehall.kernel.verbs import Actor, Verb, where

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

SIGN = "th_"
"""What every key begins with; its organisation follows, so that it is looked up in there and nowhere else."""
_KEY = re.compile(rf"{SIGN}([1-9][0-9]{{0,17}})_[A-Za-z0-9_-]{{43}}")
LONGEST_LIFE = timedelta(days=3660)
SHOWN = 6
"""How many characters of the secret are shown for telling keys apart."""
MOST_KNOWN = 10_000
NOTED_EVERY = 60.0
WRONG_FOR_FREE = 20
WAIT = timedelta(seconds=60)
"""For how long a source is turned away once it has shown that many different wrong keys within as long."""


READS_FILES, WRITES_FILES = frozenset({"files:read"}), frozenset({"files:write"})
"""What a key needs for the paths of files, which are no contracts of a trade."""


class ApiKey(Record, table="kernel_api_keys"):
    """A key with which a program acts."""

    of_trade = text(40)
    name = text(100, shortest=1)
    prefix = text(40)
    digest = secret(text(64))
    role = text(40)
    scopes = json(default=list)
    created_by = person()
    expires_at = optional(moment())
    last_used_at = optional(moment())

    walls = (unique("digest", says="This key is there already"),)


ApiKey.title = "API key"
SHOWN_FIELDS = ("id", "name", "prefix", "role", "scopes", "created_at", "created_by", "expires_at", "last_used_at")


class NewKey(Form, of=ApiKey, fields=("name",)):
    """What a key is for, and what it may do; without a role, whatever the owner may, within the scopes."""

    scopes: Annotated[list[Annotated[str, Limit(max_length=80)]], Limit(min_length=1, max_length=100)]
    role: Annotated[str, Limit(max_length=40)] | None = None
    expires_at: Moment | None = None


def create(ctx: Context, wish: NewKey) -> dict[str, Any]:
    """Make an API key; the key itself is answered now and never again."""
    trade = ctx.trade
    role = trade.owner if wish.role is None else trade.role(wish.role)
    if role is None:
        listed = ", ".join(each.name for each in trade.roles)
        raise field_error(["body", "role"], f"Input should be one of {listed}", "enum")
    if unknown := [each for each in wish.scopes if each not in trade.scopes]:
        listed = ", ".join(sorted(trade.scopes))
        raise field_error(["body", "scopes"], f"There is no scope {unknown[0]}; there are {listed}", "enum")
    if wish.expires_at is not None and not ctx.now < wish.expires_at <= ctx.now + LONGEST_LIFE:
        raise field_error(["body", "expires_at"], "A key ends in the future, and within ten years")
    key = f"{SIGN}{ctx.org_id}_{secrets.token_urlsafe(32)}"
    row = ctx.add(
        ApiKey(
            of_trade=trade.name, name=wish.name, prefix=key[: key.index("_", len(SIGN)) + 1 + SHOWN], digest=digest(key),
            role=role.name, scopes=sorted(set(wish.scopes)), created_by=ctx.actor.user_id, expires_at=wish.expires_at,
        )
    )  # fmt: skip
    return _resource(trade).shape.view(ctx.actor).one(row) | {"key": key}


def revoke(ctx: Context, key: ApiKey) -> None:
    """Revoke an API key: it stops within a second, everywhere."""
    ctx.delete(key)
    touch_authority(ctx.session)


def _resource(trade: "Trade") -> Resource:
    mine = where(trade.owner, lambda record: record.table.c.of_trade == trade.name)
    return Resource(ApiKey, by=mine, columns=SHOWN_FIELDS)


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of a trade's keys."""
    path, keys = f"{trade.prefix}/api-keys", _resource(trade)
    creates: Verb[Any, Any] = Verb(
        "create", ApiKey, trade.owner, create, False, NewKey, "Make an API key; it is shown this once."
    )
    revokes: Verb[Any, Any] = Verb(
        "revoke", ApiKey, keys.by, revoke, True, None, "Revoke an API key: it stops within a second."
    )
    yield Contract("GET", path, Listing(keys))
    yield Contract("POST", path, creates, 201, secret=True)
    yield Contract("DELETE", f"{path}/{{id}}", revokes, 204)


_table = ApiKey.table
_by_digest = Prepared(
    sa.select(_table.c.id, _table.c.name, _table.c.role, _table.c.scopes, _table.c.expires_at).where(
        _table.c.org_id == sa.bindparam("org_id"),
        _table.c.digest == sa.bindparam("digest"),
        _table.c.of_trade == sa.bindparam("of_trade"),
    )
)


def stands(session: Session, org_id: int, key_id: int, now: datetime) -> bool:
    """Whether a key is still good: what it began a while ago may go on."""
    here = (_table.c.org_id == org_id, _table.c.id == key_id)
    found = session.execute(sa.select(_table.c.expires_at).where(*here)).first()
    return found is not None and (found.expires_at is None or found.expires_at > now)


class Keys:
    """Checks keys. `known` answers from memory; `actor` looks a key up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, str], tuple[Actor, float]] = {}
        self._asked: Together[tuple[Actor | None, float]] = Together()
        self._used: dict[tuple[int, int], datetime] = {}
        self._noted: dict[tuple[int, int], datetime] = {}
        self._refused: dict[tuple[str, str], bool] = {}
        self._waits: dict[str, datetime] = {}
        self._revision = Revision(database)

    def known(self, key: str, trade: "Trade", now: float) -> Actor | None:
        """Who showed this key before, as long as it is valid; `now` in seconds since 1970."""
        actor, ends = self._known.get((trade.name, key), (None, 0.0))
        return actor if ends > now else None

    async def actor(self, key: str, trade: "Trade", source: str, now: datetime) -> Actor:
        """Who shows this key; raises Unauthenticated, or Throttled where the source showed too many wrong ones."""
        seen = (trade.name, key)
        actor, ends = self._known.get(seen, (None, 0.0))
        if actor is None and (form := _KEY.fullmatch(key)) is not None and seen not in self._refused:
            org_id, asked = int(form[1]), (*seen, source, self._revision.value)
            actor, ends = await self._asked.ask(asked, lambda: self._tried(org_id, key, trade, source, now))
        if actor is None or ends <= now.timestamp():
            raise Unauthenticated("Could not validate credentials")
        self._used[actor.org_id, actor.key_id] = now
        return actor

    async def _tried(
        self, org_id: int, key: str, trade: "Trade", source: str, now: datetime
    ) -> tuple[Actor | None, float]:
        """Look a key up, and count a wrong one where every process sees it (P-29); raises Throttled.

        A key can't be guessed, but each new try costs a look into the database: a source that waits is remembered.
        """
        if (until := self._waits.get(source, now)) > now:
            raise Throttled(max(1, int((until - now).total_seconds())))
        budget = Budget(f"api-key:{source}", WRONG_FOR_FREE, WAIT)
        try:
            actor, ends = await self._looked_up(org_id, key, trade, budget, now)
            if actor is None:
                await self._database.unit(Spend((budget,), now))
                _bounded(self._refused)[trade.name, key] = True
        except Throttled as many:
            _bounded(self._waits)[source] = now + timedelta(seconds=many.after)
            raise
        return actor, ends

    async def _looked_up(
        self, org_id: int, key: str, trade: "Trade", budget: Budget, now: datetime
    ) -> tuple[Actor | None, float]:
        revision = self._revision.value
        given = {"org_id": org_id, "digest": digest(key), "of_trade": trade.name}

        def look(session: Session) -> list[dict[str, Any]]:
            counted(session, budget, now)
            return session.dicts(_by_digest, given)

        rows = await self._database.read(org_id, look)
        if not rows:
            return None, 0.0
        key_id, name, role, scopes, expires = rows[0].values()
        if trade.role(role) is None:
            return None, 0.0
        actor = Actor(org_id, trade.name, role, 0, name, key_id, frozenset(scopes))
        ends = float("inf") if expires is None else expires.timestamp()
        if revision == self._revision.value:
            _bounded(self._known)[trade.name, key] = (actor, ends)
        return actor, ends

    # From time to time.

    async def look(self) -> None:
        """Forget every verified key where somebody's rights changed (P-14), and note when keys were last used."""
        if await self._revision.moved():
            self._known.clear()
        await self._note_use()

    async def _note_use(self) -> None:
        due: dict[int, dict[int, datetime]] = {}
        for (org_id, key_id), at in list(self._used.items()):
            noted = self._noted.get((org_id, key_id))
            if noted is None or (at - noted).total_seconds() >= NOTED_EVERY:
                due.setdefault(org_id, {})[key_id] = at
        for org_id, uses in due.items():
            await self._database.unit(NoteUse(org_id, uses))
            self._noted |= {(org_id, key_id): at for key_id, at in uses.items()}


def _bounded(kept: dict[Any, Any]) -> dict[Any, Any]:
    if len(kept) >= MOST_KNOWN:
        kept.clear()
    return kept


class NoteUse(Work):
    """Note when keys of an organisation were last used. Nothing happens in the business, so no event is written."""

    def __init__(self, org_id: int, uses: dict[int, datetime]) -> None:
        self.org_id, self.uses = org_id, uses

    def run(self, batch: Batch) -> None:
        for key_id, at in self.uses.items():
            earlier = sa.or_(_table.c.last_used_at.is_(None), _table.c.last_used_at < at)
            here = (_table.c.org_id == self.org_id, _table.c.id == key_id, earlier)
            batch.session.execute(sa.update(_table).where(*here).values(last_used_at=at))
