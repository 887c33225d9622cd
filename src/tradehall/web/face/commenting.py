"""Commenting: what people say to each other about a row, on its page."""

from typing import Any

import orjson

from tradehall.kernel.comments import Comment, colleagues
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import record_of
from tradehall.kernel.views import managers
from tradehall.web.face.errands import NO_PAGE, Errand, Errands, Parts, number
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit

SHOWN = 50


class Commenting(Errands):
    """The comments on rows."""

    def _comments(self, visit: Visit, reader: Reader, room: Room, row_id: int) -> dict[str, Any] | None:
        if room.comments is None or room.comment is None or not room.comment.is_for(visit.actor):
            return None
        rows = visit.asking.within(reader, room.comments, {"id": row_id}, {"limit": str(SHOWN + 1)})
        if rows is None:
            return None
        removes_any = visit.actor.may(managers(self.trade))
        said = [
            {
                "id": each["id"], "text": each["text"], "who": each["person"] or visit.words("Owner"),
                "at": visit.formats.moment(each["created_at"]), "is_edited": each["edited_at"] is not None,
                "is_own": each["person_id"] == visit.actor.user_id,
                "may_remove": removes_any or each["person_id"] == visit.actor.user_id,
            }
            for each in reversed(rows[:SHOWN])
        ]  # fmt: skip
        names = orjson.dumps(_names(visit, reader, room)).decode()
        return {"said": said, "has_more": len(rows) > SHOWN, "names": names, "deed": room.comment}

    async def commented(self, visit: Visit, method: str, parts: Parts) -> Page:
        """Change one's comment, or take one back."""
        match parts:
            case [each]:
                contract = self.at("PATCH", "/comments/{id}")
                made, back = await self._made(visit, number(each))
                errand = Errand(
                    contract, visit.words("Change comment"), back, {"id": made.id}, fields=self.asked_by(contract),
                    given={"text": made.text}, done=visit.words("The comment is changed"),
                )  # fmt: skip
                return await self.run(visit, method, errand)
            case [each, "remove"]:
                made, back = await self._made(visit, number(each))
                errand = Errand(
                    self.at("DELETE", "/comments/{id}"), visit.words("Remove comment"), back, {"id": made.id},
                    help=made.text, done=visit.words("The comment is removed"), is_dangerous=True,
                )  # fmt: skip
                return await self.run(visit, method, errand)
        raise Missing(NO_PAGE)

    async def _made(self, visit: Visit, comment_id: int) -> tuple[Comment, str]:
        """A comment that somebody may see, and the place of its row."""

        def read(session: Session) -> tuple[Comment, str]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            made = reader.get(Comment, comment_id)
            room = self.house.by_table.get(made.entity)
            if room is None or made.of_trade != self.trade.name or not room.is_for(visit.actor):
                raise Missing(NO_PAGE)
            reader.get(record_of(made.entity), made.record_id, room.listing.grant(visit.actor))
            return made, f"/{room.name}/{made.record_id}#comments"

        return await self.office.database.read(visit.actor.org_id, read)


def _names(visit: Visit, reader: Reader, room: Room) -> list[str]:
    """The colleagues who can be named in a comment."""
    known = [each for each in colleagues(reader, room.record) if each.user_id != visit.actor.user_id]
    return sorted({each.full_name or each.name for each in known})
