"""Caring: how the backups stand, and what is kept about a person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from starlette.responses import StreamingResponse

from tradehall.kernel.database import Session
from tradehall.kernel.errors import Invalid, Missing, Problem, Refused, Unauthenticated, Unavailable, field_error
from tradehall.kernel.labels import labels
from tradehall.kernel.people.members import memberships
from tradehall.kernel.people.registrations import how_many
from tradehall.kernel.people.tables import MEMBERSHIPS
from tradehall.kernel.privacy import persons
from tradehall.kernel.reader import Reader
from tradehall.web.face.errands import NO_PAGE, Errands, Parts
from tradehall.web.face.forms import Filling, Input
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import phrase
from tradehall.web.privacy import archived

MOST_NAMED = 500
"""So many people are offered by name; where there are more, they are named by their number."""


class Caring(Errands):
    """What has to be looked after: backups, and the data of persons."""

    async def backups(self, visit: Visit, method: str, parts: Parts) -> Page:
        """How the backups stand, and one more."""
        if parts:
            raise Missing(NO_PAGE)
        wrong, status = "", 200
        if method == "POST":
            try:
                answer = await visit.asking.ask(self.at("POST", "/backups"))
            except (Refused, Unavailable) as problem:
                wrong, status = visit.words.why(problem), problem.status
            else:
                is_made = orjson.loads(answer.body)["is_made"]
                visit.tell(visit.words("The backup is made" if is_made else "The backup is being made"))
                return Page("", to=f"{visit.app}/-/backups")
        await self.learn(visit)
        found = await visit.asking.found(self.at("GET", "/backups"))
        is_running = any(each["state"] == "running" for each in found["backups"])
        values = {"found": found, "wrong": wrong, "is_running": is_running}
        return Page("face/backups.html", {"title": visit.words("Backups"), **values}, status)

    def warnings(self, visit: Visit, reader: Reader) -> list[tuple[str, str]]:
        """What whoever looks after the business should know first: each sentence with the page that tells more."""
        approves = self.may(visit.actor, "GET", "/registrations")
        waiting = how_many(reader.session, reader.org_id, self.trade.name) if approves else 0
        found = visit.asking.within(reader, self.at("GET", "/backups")) or {}
        told = (
            (visit.words.many(waiting, "{count} person waits for your approval", "{count} persons wait for your approval") if waiting else "", "people"),
            (visit.words(found.get("warning") or ""), "backups"),
        )  # fmt: skip
        return [(sentence, f"{visit.app}/-/{name}") for sentence, name in told if sentence]

    # Privacy.

    async def privacy(self, visit: Visit, method: str, parts: Parts) -> Page:
        """Say who is meant, see what is kept about them, and then take it along or erase it."""
        if parts:
            raise Missing(NO_PAGE)
        erase = self.at("POST", "/privacy/erase")
        erase.grant(visit.actor)
        await self.learn(visit)
        filling = Filling(visit.words, visit.formats)
        declared = await self._asked_for(visit)
        if method == "GET":
            filling.begin(declared, visit.query)
            await self._say(visit, filling)
            return _about(visit, filling)
        body = filling.read(declared, visit.form) | {"also": [_also(each) for each in visit.form.get("also", ())]}
        try:
            return await self._cared(visit, filling, declared, body)
        except Unauthenticated:
            raise
        except Problem as problem:
            whole = filling.again(declared, visit.form, problem.errors if isinstance(problem, Invalid) else ())
            await self._say(visit, filling)
            if not isinstance(problem, Invalid):
                whole = [visit.words(problem.sentence)]
            return _about(visit, filling, whole=whole, status=problem.status)

    async def _asked_for(self, visit: Visit) -> tuple[Input, ...]:
        """What says who is meant: those who sign in are chosen by name."""

        def read(session: Session) -> list[tuple[str, str]]:
            here = (MEMBERSHIPS.c.org_id == visit.actor.org_id, MEMBERSHIPS.c.trade == self.trade.name)
            rows = session.execute(memberships(*here).limit(MOST_NAMED + 1)).all()
            return [(str(each.user_id), f"{each.full_name or each.name} ({each.name})") for each in rows]

        declared = self.asked_by(self.at("POST", "/privacy/erase"), "also")
        named = await self.office.database.read(visit.actor.org_id, read)
        if len(named) > MOST_NAMED:
            return declared
        options = tuple(sorted(named, key=lambda each: each[1].casefold()))
        return tuple(
            replace(each, kind="choice", title=visit.words("Somebody who signs in"), options=options, is_named=True)
            if each.name == "user_id"
            else each
            for each in declared
        )

    async def _known(self, visit: Visit, candidates: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, int], str]:
        """What those are called who may be the same person, in whichever trade."""

        def read(session: Session) -> dict[tuple[str, str, int], str]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            found: dict[tuple[str, str, int], str] = {}
            for record in persons(self.office.trades.values()):
                ids = [
                    each["id"]
                    for each in candidates
                    if (each["trade"], each["record"]) == (record.trade, record.plural)
                ]
                found |= {
                    (record.trade, record.plural, row_id): name for row_id, name in labels(reader, record, ids).items()
                }
            return found

        return await self.office.database.read(visit.actor.org_id, read)

    async def _cared(self, visit: Visit, filling: Filling, declared: Sequence[Input], body: dict[str, Any]) -> Page:
        erase, what = self.at("POST", "/privacy/erase"), visit.value("what")
        if what == "export":
            answer = await visit.asking.ask(self.at("POST", "/privacy/export"), body=body)
            headers = {"Content-Disposition": 'attachment; filename="person.zip"', "Cache-Control": "no-store"}
            pieces = await archived(self.office, answer.body)
            return Page("", response=StreamingResponse(pieces, 200, headers, "application/zip"))
        if what == "erase":
            if visit.value("sure") != "yes":
                raise field_error(["body"], visit.words("Say that you are sure: what is erased can't be brought back"))
            await visit.asking.ask(erase, body=body)
            visit.tell(visit.words("What was personal is erased"))
            return Page("", to=f"{visit.app}/-/privacy")
        answer = await visit.asking.ask(erase, {}, {"dry_run": "1"}, body)
        filling.again(declared, visit.form, ())
        await self._say(visit, filling)
        found = orjson.loads(answer.body)["answer"]
        return _about(visit, filling, found=found, names=await self._known(visit, found["candidates"]))


def _about(
    visit: Visit, filling: Filling, *, found: Any = None, names: Mapping[tuple[str, str, int], str] | None = None,
    whole: list[str] | None = None, status: int = 200,
) -> Page:  # fmt: skip
    counts = [(_said(visit, name), count) for name, count in found["counts"].items()] if found is not None else []
    candidates = [
        (f"{each['trade']}:{each['record']}:{each['id']}", _person(visit, each, names or {}), each["same"])
        for each in (found["candidates"] if found is not None else ())
        if each["record"] != "users"
    ]  # fmt: skip
    values = {
        "title": visit.words("Privacy"), "fields": filling.fields, "found": found, "counts": counts,
        "candidates": candidates, "whole": whole or [], "also": visit.form.get("also", []),
    }  # fmt: skip
    return Page("face/privacy.html", values, status)


def _person(visit: Visit, found: Mapping[str, Any], names: Mapping[tuple[str, str, int], str]) -> str:
    """Who may be the same person: where they are known, and as whom."""
    called = names.get((found["trade"], found["record"], found["id"]), "")
    return (
        f"{called} ({found['trade']}: {_said(visit, found['record'])} {found['id']})"
        if called
        else f"{found['trade']}: {_said(visit, found['record'])} {found['id']}"
    )


def _said(visit: Visit, table: str) -> str:
    return visit.words(phrase(table.partition("_")[2] or table))


def _also(text: str) -> dict[str, Any]:
    trade, _, rest = text.partition(":")
    record, _, row = rest.partition(":")
    return {"trade": trade, "record": record, "id": row}
