"""Row 44: everything about a person is exported, and nothing personal of theirs is left once they are erased (P-39)."""

import asyncio
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from tests.privacy.hall import Hall
from tests.receiver import answer, receiving
from tests.running import Person
from tradehall.adapters.courier import PublicCourier
from tradehall.kernel.notices.ledger import Channel, Message, Notice, Reply
from tradehall.kernel.records import METADATA
from tradehall.kernel.webhooks.courier import NoCourier
from tradehall.kernel.webhooks.courier import Reply as Said
from tradehall.trades.phoneshop.attempts import PaymentAttempt
from tradehall.trades.phoneshop.messages import RepairReply

SHOP, HIRE = "/phoneshop/api", "/bicycles/api"
CLOSE = ("phoneshop_", "bicycles_", "kernel_")


async def done(person: Person, method: str, path: str, status: int, **more: Any) -> Any:
    """The body of an answer that must have this status."""
    answer = await person.ask(method, path, **more)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


class Planted:
    """One person's traces in the phone shop and the bicycle rental, and every word that gives them away."""

    def __init__(self, hall: Hall, place: str = "accra", email: str = "canary-mail@example.com") -> None:
        self.shop, self.hire = hall.owner("phoneshop", place), hall.owner("bicycles", place)
        self.hall, self.place, self.email = hall, place, email
        self.org_id = 1 if place == "accra" else 2
        self.words: list[str] = []
        self.number = count(1)
        self.customer, self.rental, self.files = 0, 0, list[int]()

    def word(self, kind: str) -> str:
        """A new canary."""
        self.words.append(f"canary-{kind}-{self.place}-{next(self.number):03d}")
        return self.words[-1]

    def phone(self) -> str:
        """A new number in Ghana, found by its last digits."""
        tail = f"{next(self.number) + (0 if self.place == 'accra' else 500):03d}"
        self.words.append(f"4778{tail}")
        return f"024{self.words[-1]}"

    async def plant(self) -> None:
        """Leave traces of every kind."""
        key = {"Idempotency-Key": "the-customer"}
        made = await done(self.shop, "POST", f"{SHOP}/customers", 201, headers=key, json={
            "full_name": self.word("name"), "phone_number": self.phone(), "email": self.email})  # fmt: skip
        self.customer = made["id"]
        for _ in range(3):
            await done(self.shop, "PATCH", f"{SHOP}/customers/{self.customer}", 200, json={
                "full_name": self.word("name"), "phone_number": self.phone()})  # fmt: skip
        for _ in range(15):
            await self.sale()
        bicycle = await done(self.hire, "POST", f"{HIRE}/bicycles", 201, json={
            "frame_number": f"F-{self.place}", "daily_rate": 10, "deposit": 50})  # fmt: skip
        asked = {"bicycle_id": bicycle["id"], "renter": self.word("renter"), "days": 2}
        self.rental = (await done(self.hire, "POST", f"{HIRE}/rentals/start", 201, json=asked))["id"]
        for path, person in (
            (f"{SHOP}/customers/{self.customer}", self.shop),
            (f"{HIRE}/rentals/{self.rental}", self.hire),
        ):
            for _ in range(5):
                sent = {"file": (f"{self.word('filename')}.txt", self.word("content").encode())}
                self.files.append((await done(person, "POST", f"{path}/files", 201, files=sent))["id"])
        said = await done(self.shop, "POST", f"{SHOP}/customers/{self.customer}/comments", 201,
                          json={"text": self.word("comment")})  # fmt: skip
        await done(self.shop, "PATCH", f"{SHOP}/comments/{said['id']}", 200, json={"text": self.word("comment")})
        await self.messages()
        await self.workshop_and_till()

    async def exports(self) -> None:
        """Lists with the person in them, as files, and what was looked for."""
        for query in ({}, {"search": self.word("sought")}):
            wish = {"type": "customers", "query": query}
            made = (await done(self.shop, "POST", f"{SHOP}/exports/jobs", 201, json=wish))["id"]
            while (await done(self.shop, "GET", f"{SHOP}/exports/jobs/{made}", 200))["status"] == "running":
                await self.hall.office.work_once()

    async def workshop_and_till(self) -> None:
        """A phone that the person sold, a repair of theirs with what they wrote back, and an attempt to pay for it."""
        seller = {
            "seller_name": self.word("seller"),
            "seller_phone": self.phone(),
            "seller_address": self.word("street"),
        }
        unit = {"brand": "Nokia", "model": "3310", "condition": "Used", "amount": 20, "customer_id": self.customer}
        await done(self.shop, "POST", f"{SHOP}/purchases", 201, json={
            **unit, **seller, "id_kind": "passport", "id_number": self.word("passport")})  # fmt: skip
        await done(self.shop, "PUT", f"{SHOP}/settings", 200, json={"repair_messages": False})
        repair = await done(self.shop, "POST", f"{SHOP}/repairs", 201, json={
            "customer_id": self.customer, "phone_description": "Nokia", "issue_description": "cracked", "cost": 50})  # fmt: skip
        of, payer = {"repair_id": repair["id"]}, f"{self.word('payer')}@example.com"

        def write(ctx: Any) -> None:
            with ctx.happening("messages.arrive"):
                ctx.add(RepairReply(customer_id=self.customer, body=self.word("repair"), **of))
                ctx.add(PaymentAttempt(provider="paystack", reference=f"th-{self.place}", amount=Decimal(10), currency="GHS",
                                       email=payer, expires_at=ctx.now, **of))  # fmt: skip

        await self.hall.office.as_system(self.hall.office.trades["phoneshop"], self.org_id, write)

    async def sale(self) -> None:
        """A sale with an address of its own."""
        phone = await done(self.shop, "POST", f"{SHOP}/phones", 201, json={
            "brand": "Nokia", "model": "3310", "condition": "Used", "value": 100})  # fmt: skip
        await done(self.shop, "POST", f"{SHOP}/sales", 201, json={
            "customer_id": self.customer, "phone_id": phone["id"], "amount_paid": 100, "customer_phone": self.phone(),
            "customer_email": f"{self.word('sale')}@example.com"})  # fmt: skip

    async def messages(self) -> None:
        """Messages to the person, notices about them, and what they wrote back."""
        of = {"of_trade": "phoneshop", "cause_event": "sale.sell", "template": "sale_receipt"}
        cause = {"cause_entity": "phoneshop_customers", "cause_id": self.customer}

        def write(ctx: Any) -> None:
            with ctx.happening("messages.arrive"):
                for n in range(10):
                    due = {"due_at": ctx.now, "once": f"{self.word('once')}"}
                    about = cause | {"address": self.word("address")} if n % 2 else {"address": self.email}
                    ctx.add(
                        Message(
                            channel=Channel.EMAIL,
                            subject=self.word("subject"),
                            body=self.word("body"),
                            **of,
                            **about,
                            **due,
                        )
                    )
                    ctx.add(Notice(person_id=1, body=self.word("notice"), **of, **cause))
                    ctx.add(Reply(of_trade="phoneshop", address=self.email, body=self.word("reply"), provider="test",
                                  provider_id=f"{self.place}-{n}"))  # fmt: skip

        await self.hall.office.as_system(self.hall.office.trades["phoneshop"], self.org_id, write)

    @property
    def who(self) -> dict[str, Any]:
        """The person, as their owner confirms them."""
        return {"customer_id": self.customer, "also": [{"trade": "bicycles", "record": "rentals", "id": self.rental}]}


def missing(words: list[str], text: str) -> list[str]:
    """The words that a text lacks."""
    return [word for word in words if word not in text]


async def test_row_44_everything_is_exported_and_nothing_is_left_after_erasure(hall: Hall) -> None:
    mine, theirs = Planted(hall), Planted(hall, "kumasi")
    for each in (mine, theirs):
        await each.plant()
        await each.exports()
    assert len(mine.words) >= 100
    assert missing(mine.words + theirs.words, hall.everything()) == []
    owner = mine.shop

    archive = await owner.post(f"{SHOP}/privacy/export.zip", json=mine.who)
    assert archive.status_code == 200, archive.text
    with zipfile.ZipFile(io.BytesIO(archive.content)) as parts:
        text = "\n".join(f"{name}\n{parts.read(name).decode()}" for name in parts.namelist())
    assert missing(mine.words, text) == []
    assert [word for word in theirs.words if word in text] == []

    before = hall.everything()
    would = await done(owner, "POST", f"{SHOP}/privacy/erase?dry_run=1", 200, json=mine.who)
    assert hall.everything() == before
    erased = await done(
        owner, "POST", f"{SHOP}/privacy/erase", 200, json=mine.who, headers={"Idempotency-Key": "erase"}
    )
    assert would["answer"]["counts"] == erased["counts"]
    assert erased["counts"]["kernel_files"] == 10
    assert erased["counts"]["phoneshop_sales"] == 15
    for name in ("purchases", "repair_replies", "attempts"):
        assert erased["counts"][f"phoneshop_{name}"] == 1
    await hall.settle()

    left = hall.everything()
    assert [word for word in mine.words if word in left] == []
    assert mine.email in left  # the same person, where another organisation knows them
    assert missing(theirs.words, left) == []
    assert await hall.wrong() == []
    kept = await done(owner, "GET", f"{SHOP}/customers/{mine.customer}", 200)
    assert (kept["full_name"], kept["phone_number"], kept["email"]) == ("Erased", "", None)
    assert (await done(owner, "GET", f"{SHOP}/sales", 200))[0]["amount_paid"] == 100
    again = await done(owner, "POST", f"{SHOP}/privacy/erase", 200, json=mine.who)
    assert again["candidates"] == []


async def test_every_personal_field_of_both_trades_is_planted(hall: Hall) -> None:
    planted = Planted(hall)
    await planted.plant()
    text = hall.everything()
    for table in METADATA.sorted_tables:
        record = table.info.get("record")
        if record is not None and record.trade in ("phoneshop", "bicycles"):
            for name, declared in record.fields.items():
                if declared.personal:
                    lines = [line for line in text.splitlines() if line.startswith(f"{table.name}: ")]
                    assert any(word in line for line in lines for word in planted.words), (table.name, name)


async def test_who_is_reached_in_the_same_way_is_a_candidate_and_never_taken_silently(hall: Hall) -> None:
    owner = hall.owner()
    given = {"full_name": "Ama", "phone_number": "0244778001", "email": "ama@example.com"}
    one = await done(owner, "POST", f"{SHOP}/customers", 201, json=given)
    twin = given | {"full_name": "Ama O.", "phone_number": "0244778002", "email": "AMA@example.com"}
    two = await done(owner, "POST", f"{SHOP}/customers", 201, json=twin)
    await done(
        owner,
        "POST",
        f"{SHOP}/customers",
        201,
        json=given | {"phone_number": "0244778003", "email": "kofi@example.com"},
    )
    told = await done(owner, "POST", f"{SHOP}/privacy/export", 200, json={"customer_id": one["id"]})
    assert told["candidates"] == [{"trade": "phoneshop", "record": "customers", "id": two["id"], "same": ["email"]}]
    assert [row["id"] for row in told["rows"]["phoneshop_customers"]] == [one["id"]]
    await done(owner, "POST", f"{SHOP}/privacy/erase", 200, json={"customer_id": one["id"]})
    assert (await done(owner, "GET", f"{SHOP}/customers/{two['id']}", 200))["email"] == "AMA@example.com"


async def test_somebody_who_signs_in_is_erased_with_their_name_and_can_no_longer(hall: Hall) -> None:
    owner, helper = hall.owner(), hall.people["phoneshop-canary-helper-accra"]
    assert "canary-helper-accra" in hall.everything()
    told = await done(owner, "POST", f"{SHOP}/privacy/export", 200, json={"user_id": helper.user_id})
    assert [each["username"] for each in told["accounts"]] == ["canary-helper-accra"] * 2
    await done(owner, "POST", f"{SHOP}/privacy/erase", 200, json={"user_id": helper.user_id})
    await hall.office.tokens.look()
    assert (await helper.get(f"{SHOP}/customers")).status_code == 401
    left = hall.everything()
    assert "canary-helper-accra" not in left
    assert "canary-helper-kumasi" in left
    assert await hall.wrong() == []


async def test_who_may_not_be_erased(hall: Hall) -> None:
    owner, foreign = hall.owner(), hall.owner("phoneshop", "kumasi")
    mine = await done(owner, "POST", f"{SHOP}/privacy/erase", 409, json={"user_id": owner.user_id})
    assert mine["code"] == "yourself"
    for wish in ({"user_id": foreign.user_id}, {"user_id": 10**15}, {"customer_id": 10**15}):
        await done(owner, "POST", f"{SHOP}/privacy/erase", 404, json=wish)
    for nobody in ({}, {"also": [{"trade": "nowhere", "record": "customers", "id": 1}]}):
        await done(owner, "POST", f"{SHOP}/privacy/erase", 422, json=nobody)
    helper = hall.people["phoneshop-canary-helper-accra"]
    for path in ("export", "export.zip", "erase"):
        await done(helper, "POST", f"{SHOP}/privacy/{path}", 403, json={"user_id": owner.user_id})


async def test_an_export_and_an_erasure_are_noted_and_an_export_is_not_kept_under_its_key(hall: Hall) -> None:
    owner = hall.owner()
    made = await done(owner, "POST", f"{SHOP}/customers", 201, json={"full_name": "Ama", "phone_number": "0244778001"})
    for path in ("export", "export", "erase"):
        key = {"Idempotency-Key": "one"}
        await done(owner, "POST", f"{SHOP}/privacy/{path}", 200, json={"customer_id": made["id"]}, headers=key)
    log = await done(owner, "GET", f"{SHOP}/audit", 200)
    assert json.dumps(log).count("privacy.export") == 2
    assert json.dumps(log).count("privacy.erase") == 1
    assert "+233244778001" not in hall.everything()


async def test_p_39_what_webhooks_keep_of_a_person_is_exported_and_erased(hall: Hall) -> None:
    owner, office = hall.owner(), hall.office
    office.outside = replace(office.outside, courier=PublicCourier(allow_private=True))
    given = {"full_name": "Canary Ama", "phone_number": "0244778001", "email": "canary@example.com"}
    async with receiving() as receiver:
        receiver.answers["/echo"] = answer(500, b"I know Canary Ama, canary@example.com")
        hook = {"url": receiver.url("/echo"), "events": ["customer.*"], "description": "canary of the owner"}
        made = await done(owner, "POST", f"{SHOP}/webhooks", 201, json=hook)
        one = await done(owner, "POST", f"{SHOP}/customers", 201, json=given)
        other = await done(
            owner, "POST", f"{SHOP}/customers", 201, json={"full_name": "Kofi", "phone_number": "0244778002"}
        )
        path = f"{SHOP}/webhooks/{made['id']}/deliveries"
        while {each["attempts"] for each in await done(owner, "GET", path, 200)} != {1}:
            await office.work_once()
        told = await done(owner, "POST", f"{SHOP}/privacy/export", 200, json={"customer_id": one["id"]})
        assert [row["event_id"] > 0 for row in told["rows"]["kernel_deliveries"]] == [True, True]
        assert made["secret"] not in json.dumps(told)
        erased = await done(owner, "POST", f"{SHOP}/privacy/erase", 200, json={"customer_id": one["id"]})
        assert erased["counts"]["kernel_deliveries"] == 2
        assert "Canary Ama" not in hall.everything()
        assert "canary@example.com" not in hall.everything()
        assert {each["response"] for each in await done(owner, "GET", path, 200)} == {None}
        assert other["full_name"] == "Kofi"
    told = await done(owner, "POST", f"{SHOP}/privacy/export", 200, json={"user_id": owner.user_id})
    [hook] = told["rows"]["kernel_webhooks"]
    assert (hook["url"], "secret" in hook, "former_secret" in hook) == (receiver.url("/echo"), False, False)
    assert await hall.wrong() == []


async def test_p_39_an_answer_that_comes_after_its_person_was_erased_is_not_kept(hall: Hall) -> None:
    owner, office = hall.owner(), hall.office
    given = {"full_name": "Canary Ama", "phone_number": "0244778001", "email": "canary@example.com"}

    class Slow(NoCourier):
        async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Said:
            while not customer:  # noqa: ASYNC110 - its answer may be on the way
                await asyncio.sleep(0.01)
            await done(owner, "POST", f"{SHOP}/privacy/erase", 200, json={"customer_id": customer["id"]})
            return Said(200, "I know Canary Ama")

    office.outside = replace(office.outside, courier=Slow())
    hook = {"url": "https://hooks.example.com/", "events": ["customer.register"]}
    made = await done(owner, "POST", f"{SHOP}/webhooks", 201, json=hook)
    customer: dict[str, Any] = {}
    customer |= await done(owner, "POST", f"{SHOP}/customers", 201, json=given)
    path = f"{SHOP}/webhooks/{made['id']}/deliveries"
    while {each["state"] for each in await done(owner, "GET", path, 200)} != {"delivered"}:
        await office.work_once()
    assert "Canary Ama" not in hall.everything()
