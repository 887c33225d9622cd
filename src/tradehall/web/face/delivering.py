"""Delivering: how the deliveries of a webhook went, and sending one again."""

from collections.abc import Sequence

import orjson

from tradehall.kernel.errors import MethodNotAllowed, Missing
from tradehall.kernel.webhooks.records import Webhook
from tradehall.web.face.errands import NO_PAGE, Errand, Errands, Parts, number
from tradehall.web.face.pages import Entry, Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit


class Delivering(Errands):
    """The deliveries of webhooks."""

    async def deliveries(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The deliveries of one webhook, or one that is sent again."""
        match parts:
            case [webhook]:
                if method != "GET":
                    raise MethodNotAllowed(["GET"])
                return await self._deliveries(visit, number(webhook))
            case [webhook, delivery, "resend"]:
                errand = Errand(
                    self.at("POST", "/deliveries/{id}/resend"), visit.words("Send again"),
                    f"/-/deliveries/{number(webhook)}", {"id": number(delivery)}, done=visit.words("It is sent again"),
                    help=visit.words("It goes out now, under the same id, so that its receiver can tell that it knows it."),
                )  # fmt: skip
                return await self.run(visit, method, errand)
        raise Missing(NO_PAGE)

    async def _deliveries(self, visit: Visit, webhook: int) -> Page:
        contract = self.at("GET", "/webhooks/{webhook_id}/deliveries")
        contract.grant(visit.actor)
        await self.learn(visit)
        hook = await visit.asking.found(self.at("GET", "/webhooks/{id}"), {"id": webhook})
        query = {name: visit.query[name] for name in ("state", "after") if visit.query.get(name)}
        answer = await visit.asking.ask(contract, {"webhook_id": webhook}, query)
        found = orjson.loads(answer.body)
        rows = found if isinstance(found, list) else next(each for each in found.values() if isinstance(each, list))
        values = {
            "title": visit.words("Deliveries"), "hook": hook, "rows": rows,
            "following": answer.headers.get("X-Next-Cursor", ""), "state": visit.query.get("state", ""),
        }  # fmt: skip
        return Page("face/deliveries.html", values)

    def leads(self, visit: Visit, room: Room, row_id: int) -> Sequence[Entry]:
        """From a webhook to its deliveries."""
        more = super().leads(visit, room, row_id)
        if room.record is not Webhook:
            return more
        return [*more, Entry(visit.words("Deliveries"), f"{visit.app}/-/deliveries/{row_id}", "table")]
