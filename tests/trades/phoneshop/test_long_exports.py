"""A long export goes on in turns: what each gathered is kept in the store, and one file is made of all of it (P-26)."""

import csv
import io
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from tests.running import Place
from tests.trades.phoneshop.arranging import a_phone, done, settled
from tradehall.kernel.context import Context
from tradehall.kernel.jobs import JOBS, Job, JobState
from tradehall.kernel.transfer import exporting, parts, preparing
from tradehall.kernel.transfer.preparing import Export, Prepared, run
from tradehall.trades.phoneshop.models import Phone, PhoneStatus

VALUES = (300, 100, 700, 500, 200, 600, 400)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are a turn here."""
    monkeypatch.setattr(parts, "TURN", 0)
    for module in (exporting, preparing):
        monkeypatch.setattr(module, "PAGE", 2)


@pytest.fixture
async def phones(shop: Place) -> list[int]:
    """Seven phones, each of another value."""
    return [(await a_phone(shop.owner, value=value))["id"] for value in VALUES]


async def begun(shop: Place, kind: str = "csv", **query: str) -> dict[str, Any]:
    """What the first turn of an export is given, of which no worker knows."""

    def begin(ctx: Context) -> int:
        with ctx.happening("test"):
            of = {"of_trade": "phoneshop", "by_user": shop.owner.user_id, "by_role": "owner"}
            row = Export(type="phones", format=kind, query=query, status=Prepared.RUNNING, rows=len(VALUES), **of)
            return ctx.add(row).id

    return {"export": await shop.work(begin)}


async def turn(shop: Place, given: dict[str, Any]) -> Any:
    """How a turn ends."""
    job = {"id": 0, "org_id": shop.org_id, "of_trade": "phoneshop", "payload": orjson.loads(orjson.dumps(given))}
    then = await run.run(shop.application.office, Job.loaded(Job.blank | job, None))
    assert isinstance(then, partial)
    return then


async def turns(shop: Place, given: dict[str, Any], most: int = 99) -> dict[str, Any]:
    """What the turn after so many is given, or the last one."""
    for _ in range(most):
        if given.get("whole"):
            break
        then = await turn(shop, given)
        assert then.func is preparing.go_on
        given = then.keywords["given"]
    return given


async def told(shop: Place, given: dict[str, Any]) -> dict[str, Any]:
    """How the export is."""
    found: dict[str, Any] = done(await shop.owner.get(f"/api/exports/jobs/{given['export']}"), 200)
    return found


async def file_of(shop: Place, given: dict[str, Any]) -> bytes:
    """Its file."""
    return (await shop.owner.get(f"/api/exports/jobs/{given['export']}/file")).content


async def kept(shop: Place) -> int:
    """How many objects the store has, once what is to go has gone."""
    await settled(shop)
    return len([each async for each in shop.application.office.files.store.walk(str(shop.org_id))])


@pytest.mark.parametrize(("kind", "sort"), [("csv", "-value"), ("xlsx", "-created_at"), ("jsonl", "brand")])
async def test_p26_an_export_in_turns_is_the_same_file_as_the_list_at_once(
    kind: str, sort: str, shop: Place, phones: list[int]
) -> None:
    def take_over(ctx: Context) -> None:
        with ctx.happening("test"):  # from a former system: the last row is the oldest
            old = Phone(brand="Samsung", model="S3", condition="Used", value=50, status=PhoneStatus.WITHHELD)
            old.created_at = ctx.now - timedelta(days=9)
            ctx.add(old)

    await shop.work(take_over)
    given = await begun(shop, kind, sort=sort, brand="Samsung")
    first = await turns(shop, given, 1)
    assert (first["position"], (await told(shop, given))["position"], len(first["parts"])) == (2, 2, 1)
    last = await turns(shop, await turns(shop, first, 1))  # that turn is done again: it was killed before its mark
    assert ((await told(shop, given))["status"], last["position"], len(last["parts"])) == ("running", 8, 5)
    await shop.work(await turn(shop, last))
    found = await told(shop, given)
    assert (found["status"], found["rows"], found["position"]) == ("done", 8, 8)
    at_once = await shop.owner.get(f"/api/exports/phones.{kind}?sort={sort}&brand=Samsung&bom=1")
    assert await file_of(shop, given) == at_once.content
    assert await shop.wrong() == []


async def test_p26_rows_that_change_or_come_while_an_export_goes_on_are_neither_doubled_nor_lost(
    shop: Place, phones: list[int]
) -> None:
    for sort, comes in (("value", True), ("-value", False)):
        given = await turns(shop, await begun(shop, sort=sort), 2)
        for number, phone in enumerate(phones):  # the first become the last, and the other way round
            value = 1000 - number if sort == "value" else 1 + number
            done(await shop.owner.patch(f"/api/phones/{phone}", json={"value": value}), 200)
        new = (await a_phone(shop.owner, value=550))["id"]
        given = await turns(shop, given)
        await shop.work(await turn(shop, given))
        rows = list(csv.DictReader(io.StringIO((await file_of(shop, given)).decode("utf-8-sig"))))
        assert sorted(int(row["id"]) for row in rows) == sorted([*phones, new] if comes else phones)
        values = [float(row["value"]) for row in rows]
        assert values == sorted(values, reverse=not comes)
        done_so = await told(shop, given)
        assert (done_so["rows"], done_so["position"]) == (len(rows), len(rows))
        phones = [*phones, new]
    assert await shop.wrong() == []


async def test_p26_an_export_whose_worker_was_killed_between_turns_or_in_one_is_finished_by_another(
    shop: Place, phones: list[int]
) -> None:
    office = shop.application.office
    for so_far in (0, 2, 99):
        given = await turns(shop, await begun(shop), so_far)

        def leave(ctx: Context, given: dict[str, Any] = given) -> None:
            preparing.go_on(ctx, given)
            lost = {"state": JobState.RUNNING, "worker": "lost:1", "lease_until": ctx.now - timedelta(seconds=1)}
            ctx.session.execute(sa.update(JOBS).where(JOBS.c.key == f"export.run:{given['export']}").values(lost))

        await shop.work(leave)
        while (await told(shop, given))["status"] == "running":
            await office.work_once()
        rows = csv.DictReader(io.StringIO((await file_of(shop, given)).decode("utf-8-sig")))
        assert [int(row["id"]) for row in rows] == phones[::-1]
    assert await kept(shop) == 3


async def test_p26_row_44_an_export_that_is_cancelled_dropped_or_fails_between_turns_leaves_nothing(
    shop: Place, phones: list[int]
) -> None:
    cancelled = await turns(shop, await begun(shop), 2)
    done(await shop.owner.post(f"/api/exports/jobs/{cancelled['export']}/cancel"), 200)
    dropped, denied = await turns(shop, await begun(shop), 1), await turns(shop, await begun(shop), 2)
    gone = await turns(shop, await begun(shop))

    def demote(ctx: Context) -> None:
        with ctx.happening("test"):
            preparing.drop(ctx, ctx.get(Export, dropped["export"]))
            ctx.get(Export, denied["export"]).by_role = "shop_keeper"

    await shop.work(demote)
    await shop.application.office.files.drop(gone["parts"][1])
    assert await kept(shop) == 8
    for given in (cancelled, dropped, denied, gone):
        await shop.work(await turn(shop, given))
    assert [(await told(shop, each))["status"] for each in (cancelled, denied, gone)] == [
        "cancelled",
        "failed",
        "failed",
    ]
    assert "may not see the list" in (await told(shop, denied))["error"]
    assert "does not have this file" in (await told(shop, gone))["error"]
    assert await kept(shop) == 0


async def test_p26_an_export_whose_list_has_other_columns_since_begins_anew(shop: Place, phones: list[int]) -> None:
    given = await turns(shop, await begun(shop), 2)
    await shop.work(await turn(shop, given | {"columns": given["columns"][1:]}))
    while (await told(shop, given))["status"] == "running":
        await shop.application.office.work_once()
    assert (await file_of(shop, given)).count(b"\n") == 8
    assert await kept(shop) == 1
