"""Guests: whoever holds the link to a row sees it and does what is declared for them, without signing in.

A link ends in a token: the organisation, so that its rows can be found, and 144 bits that nobody guesses.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel

from tradehall.kernel.cabinet import IMAGES
from tradehall.kernel.contracts import Contract, Download, Outgoing, Service, Shape, dumps
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing, Refused
from tradehall.kernel.files import OF_ROW, File
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.papers import PDF, Paper, Wanted, printed
from tradehall.kernel.people import organisations
from tradehall.kernel.people.attempts import Budget, Spend
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, find
from tradehall.kernel.verbs import ANYBODY, GUEST, Actor, Verb

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

_TOKEN = re.compile(r"([0-9a-f]{1,15})-[A-Za-z0-9_-]{24}", re.ASCII)
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def new_token(org_id: int) -> str:
    """A token for a row of an organisation."""
    return f"{org_id:x}-{secrets.token_urlsafe(18)}"


def guest(org_id: int, trade: str) -> Actor:
    """Whoever holds a link, in the organisation that it leads to."""
    return Actor(org_id, trade, GUEST.name)


@dataclass(frozen=True, eq=False)
class Door:
    """What links to the rows of a record open. The record's column `token` holds the token of each.

    `shape` is what is shown of a row, with what `more` says, what the office `offers`, and its pictures by links that are good
    for `photos`. Of a record without such a column the links are `sealed`, and `while_` says how long each opens its row.
    """

    record: type[Record]
    shape: Shape
    more: Callable[[Reader, Any], Mapping[str, Any]] | None = None
    photos: timedelta | None = None
    offers: Callable[["Office"], Mapping[str, Any]] | None = None
    sealed: bool = False
    while_: Callable[[Any], bool] | None = None

    def shows(self, summary: str) -> Service:
        """What answers a row to whoever holds its token."""

        async def look(office: "Office", trade: "Trade", call: "Call") -> Answer:
            found, pictures = await self._read(office, trade, call, self._shown)
            if self.photos is not None:
                found |= {"photos": [self._link(office, trade, call, each) for each in pictures]}
            if self.offers is not None:
                found |= self.offers(office)
            return Answer(200, dumps(found), PRIVATE)

        return Service(f"{self.record.__name__.lower()}.look", ANYBODY, look, summary)

    def does(self, verb: Verb[Any, Any]) -> Service:
        """What carries out a verb, which `GUEST` may, on the row of a token; it answers the row as it is shown."""

        async def act(office: "Office", trade: "Trade", call: "Call") -> Answer:
            row = await self._read(office, trade, call, lambda reader, row: row)
            asked = call.contract
            contract = Contract(asked.method, asked.path, verb, asked.status, asked.errors, self.shape)
            actor = guest(row.org_id, trade.name)
            answer = await office.perform(trade, replace(call, actor=actor, contract=contract, target=row.id))
            if "Dry-Run" in answer.headers:  # the events of a shop are not for its customers
                answer = replace(answer, body=dumps(orjson.loads(answer.body) | {"events": []}))
            return replace(answer, headers={**answer.headers, **PRIVATE})

        return Service(verb.event, ANYBODY, act, verb.summary, verb.body)

    def prints(self, paper: Paper) -> Download:
        """What answers with a paper of the row to whoever holds its token."""

        async def answer(office: "Office", trade: "Trade", call: "Call") -> Outgoing:
            size, language = paper.size(call.query), call.query.get("language", "")
            row = await self._read(office, trade, call, lambda reader, row: row)
            actor = guest(row.org_id, trade.name)
            return await printed(office, trade, Wanted(paper, actor, row.id, None, size, language, call.caller.base))

        return Download(f"{paper.name}.by_link", ANYBODY, self.record, answer, paper.summary, PDF, query=paper.query)

    def finds(
        self,
        body: type[BaseModel],
        rule: Callable[[Reader, Any], Record | None],
        most: int,
        span: timedelta,
        summary: str,
    ) -> Service:
        """What answers a row without a token, for those who know enough of it: so many tries for each address.

        The request may name the `organisation`, and has to where rows of several fit.
        """
        name = f"{self.record.__name__.lower()}.find"

        async def search(office: "Office", trade: "Trade", call: "Call") -> Answer:
            budget = Budget(f"{name}:{trade.name}:{call.caller.source}", most, span)
            await office.database.unit(Spend([budget], call.now))
            wanted = getattr(call.body, "organisation", None)
            known = await office.database.read(0, organisations)
            places = [org_id for org_id, title in known if wanted in (None, str(org_id), title)]
            found = []
            for org_id in places:

                def read(session: Session, org_id: int = org_id) -> dict[str, Any] | None:
                    reader = Reader(session, trade, guest(org_id, trade.name), call.now)
                    row = rule(reader, call.body)
                    return None if row is None else self._shown(reader, row)[0]

                if (shown := await office.database.read(org_id, read)) is not None:
                    found.append(shown)
            if not found:
                raise Missing(f"{self.record.title} not found")
            if len(found) > 1:
                raise Refused("choose_organisation", "Several know this number: name the organisation")
            return Answer(200, dumps(found[0]), PRIVATE)

        return Service(name, ANYBODY, search, summary, body)

    def _shown(self, reader: Reader, row: Record) -> tuple[dict[str, Any], list[File]]:
        found = self.shape.view(reader.actor).one(row)
        if self.more is not None:
            found |= self.more(reader, row)
        files = reader.all(OF_ROW, entity=self.record.table.name, record_id=row.id) if self.photos is not None else []
        return found, [each for each in files if each.type in IMAGES]

    async def _read(self, office: "Office", trade: "Trade", call: "Call", then: Callable[[Reader, Any], Any]) -> Any:
        token = call.path["token"]
        org_id, row_id = (
            (office.seals.opened(self.record, token) or (0, 0)) if self.sealed else (_organisation(token), 0)
        )

        def read(session: Session) -> Any:
            reader = Reader(session, trade, guest(org_id, trade.name), call.now)
            row = self._row(reader, row_id, token) if org_id else None
            if row is None or (self.while_ is not None and not self.while_(row)):
                raise Missing(f"{self.record.title} not found")
            return then(reader, row)

        return await office.database.read(org_id, read)

    def _row(self, reader: Reader, row_id: int, token: str) -> Record | None:
        if self.sealed:
            return reader.find(self.record, row_id)
        return reader.first(find(self.record, self.record.table.c.token == token))

    def _link(self, office: "Office", trade: "Trade", call: "Call", file: File) -> dict[str, Any]:
        link = office.files.link(trade.name, file.org_id, file.id, call.now, self.photos)
        return {"type": file.type, "url": f"{call.caller.base}{trade.prefix}/files/{file.id}?link={link}"}


def _organisation(token: str) -> int:
    """The organisation of a token; 0 where it is none."""
    found = _TOKEN.fullmatch(token)
    return int(found[1], 16) if found else 0
