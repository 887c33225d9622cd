"""The pages of whoever looks after a business: settings, words of messages, the log, backups, deliveries, jobs."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.running import Application, Clock, Place
from tests.web.hiring import a_rental
from tests.web.looking import Looker, menu, text
from tradehall.kernel import checks
from tradehall.kernel.context import Context
from tradehall.kernel.events import EVENTS
from tradehall.kernel.jobs import IN_VAIN, JOBS, LOST, TRIES, JobState
from tradehall.kernel.keeping import BACKUPS
from tradehall.kernel.notices.ledger import Channel, Message
from tradehall.kernel.notices.sending import FAIL
from tradehall.kernel.records import find
from tradehall.kernel.transfer import preparing, running
from tradehall.kernel.transfer.records import Import

PAGES = ("settings", "templates", "templates/overdue", "audit", "backups", "privacy")
OF_OWNERS = ("settings", "backups", "privacy", "people")


@pytest.mark.parametrize("page", PAGES)
async def test_an_owner_opens_every_page(application: Application, shop: Place, page: str) -> None:
    async with Looker(application, shop.owner) as owner:
        answer = await owner.see(f"/-/{page}")
        assert answer.status_code == 200
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert (await owner.send(f"/-/{page}/nothing")).status_code in (404, 405)


@pytest.mark.parametrize("page", OF_OWNERS)
async def test_a_helper_opens_none_of_the_owner_s_pages(application: Application, shop: Place, page: str) -> None:
    async with Looker(application, shop.helper) as helper:
        assert (await helper.see(f"/-/{page}")).status_code == 403
        for title in ("People", "Settings", "Backups", "Privacy", "Webhooks"):
            assert title not in menu(await helper.see(""))


async def form_of(owner: Looker) -> dict[str, str]:
    """What stands in the form of the settings."""
    page = (await owner.see("/-/settings")).text
    return dict(re.findall(r'name="was\.(\w+)" value="([^"]*)"', page))


async def sent(owner: Looker, **changed: str) -> dict[str, str]:
    """The whole form with some fields changed, as a browser sends it."""
    was = await form_of(owner)
    return {**was, **{f"was.{name}": value for name, value in was.items()}, **changed}


async def test_settings_are_changed_by_their_form_and_each_change_is_an_event(
    application: Application, shop: Place
) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.see("/-/settings")
        for said in ("Name of the business", "Time zone", "Days that files are kept", "days"):
            assert said in text(page)
        form = await sent(owner, name="Ama's bicycles", zone="Africa/Accra")
        assert "The settings are saved" in await owner.told("/-/settings", form)
        assert "Ama&#39;s bicycles" in (await owner.see("")).text
    (event,) = await shop.events()
    assert event[0] == "chosen.change"
    assert sorted(change["name"] for change in event[1].values()) == ["name", "zone"]


async def test_settings_that_nobody_changed_are_not_written(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        assert "Nothing was changed" in await owner.told("/-/settings", await sent(owner))
    assert await shop.news() == []


async def test_a_wrong_setting_is_refused_at_its_field(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.send("/-/settings", await sent(owner, keep_files_days="many", name="Kept in the form"))
        assert page.status_code == 422
        assert 'id="f-keep_files_days-wrong"' in page.text
        assert 'value="Kept in the form"' in page.text
        zone = await owner.send("/-/settings", await sent(owner, zone="Atlantis"))
        assert zone.status_code == 422
        assert 'id="f-zone-wrong"' in zone.text
    assert await shop.news() == []


async def test_a_template_is_looked_at_changed_and_put_back(application: Application, shop: Place) -> None:
    at, words = "/-/templates/overdue", "{renter}, bring {bicycle_id} back!"
    async with Looker(application, shop.owner) as owner:
        assert "Overdue" in text(await owner.see("/-/templates"))
        seen = await owner.send(at, {"what": "preview", "notice": words, "value.renter": "Ama <b>"})
        assert seen.status_code == 200
        assert "Ama &lt;b&gt;, bring bicycle id back!" in seen.text
        assert await shop.news() == []
        tried = await owner.send(at, {"what": "test", "notice": words, "value.renter": "Ama"})
        assert "The test is on its way: In the application: owner-accra" in text(tried)
        assert words in await owner.told(at, {"what": "save", "notice": words})
        assert "Your words" in text(await owner.see("/-/templates"))
        assert "should have brought" in await owner.told(at, {"what": "reset", "notice": words})
    assert [each.split(":")[0] for each in await shop.news()] == ["wording.test", "wording.word", "wording.word"]


async def test_p_23_a_value_that_there_is_not_is_refused_at_its_text(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.send("/-/templates/overdue", {"what": "save", "notice": "{nobody} knows"})
        assert page.status_code == 422
        assert "There is no value {nobody}" in text(page)
        assert "{nobody} knows" in page.text
        assert (await owner.see("/-/templates/nothing")).status_code == 404
    async with Looker(application, shop.helper) as helper:
        refused = await helper.send("/-/templates/overdue", {"what": "save", "notice": "x"})
        assert refused.status_code == 403
    assert await shop.news() == []


async def a_bicycle(shop: Place, frame: str = "KA-1") -> int:
    made = await shop.owner.post("/api/bicycles", json={"frame_number": frame, "daily_rate": 12, "deposit": 50})
    return int(made.json()["id"])


async def test_p_20_the_log_is_read_and_narrowed(application: Application, shop: Place, other: Place) -> None:
    bicycle = await a_bicycle(shop)
    await a_bicycle(other, "SECRET-7")
    await shop.owner.patch(f"/api/bicycles/{bicycle}", json={"daily_rate": 15})
    async with Looker(application, shop.owner) as owner:
        page = text(await owner.see("/-/audit"))
        assert "Daily rate: 12.0 → 15.0" in page.replace("12.00", "12.0").replace("15.00", "15.0")
        assert "owner-accra" in page
        assert "SECRET-7" not in page
        for query, has in (
            ({"entity": "bicycles_bicycles"}, True), ({"entity": "bicycles_rentals"}, False),
            ({"entity": "bicycles_bicycles", "entity_id": str(bicycle)}, True), ({"entity_id": "999"}, False),
            ({"actor": f"user:{shop.owner.user_id}"}, True), ({"actor": f"user:{shop.helper.user_id}"}, False),
            ({"from": "2999-01-01"}, False), ({"to": "1990-01-01"}, False),
        ):  # fmt: skip
            found = await owner.see("/-/audit", params=query)
            assert found.status_code == 200
            assert ("bicycle.edit" in text(found)) == has, query
        assert "Input should" in text(await owner.see("/-/audit", params={"entity_id": "x"}))


async def test_p_20_the_log_names_people_and_rows(application: Application, shop: Place) -> None:
    rental = await a_rental(shop, "Ama Owusu", bicycle_id=await a_bicycle(shop, "KA-77"))
    await shop.owner.patch(f"/api/users/{shop.helper.user_id}", json={"role": "owner"})
    async with Looker(application, shop.owner) as owner:
        page = text(await owner.see("/-/audit"))
    for said in (
        f"New: Rental {rental} Ama Owusu",
        "Staff : helper-accra",
        "Bicycle : KA-77",
        f"{shop.helper.user_id} helper-accra",
    ):
        assert said.replace(" :", ":") in page.replace(" :", ":"), said


async def test_the_log_is_read_page_by_page(application: Application, shop: Place) -> None:
    for number in range(52):
        await a_bicycle(shop, f"KA-{number}")
    async with Looker(application, shop.owner) as owner:
        first = await owner.see("/-/audit", params={"entity": "bicycles_bicycles"})
        following = re.findall(r'href="/app(/-/audit\?[^"]*after=\d+)"', first.text)[0].replace("&amp;", "&")
        second = await owner.see(following)
        assert first.text.count("bicycle.create") == 50
        assert second.text.count("bicycle.create") == 2


async def checked(shop: Place, owner: Looker) -> str:
    """What a check of the log finds, once it is through."""
    begun = await owner.send("/-/audit/checks")
    assert begun.status_code == 303
    place = begun.headers["location"].removeprefix("/app")
    while (page := await owner.see(place)).headers.get("refresh"):
        assert "<progress" in page.text
        await shop.application.office.work_once()
    return text(page)


async def test_row_42_the_chain_is_checked_at_a_button_by_a_job(application: Application, shop: Place) -> None:
    await a_bicycle(shop)
    async with Looker(application, shop.owner) as owner:
        assert "The log is as it was written" in await checked(shop, owner)
        told = (await shop.owner.get("/api/audit/check")).json()
        assert (told["holds"], told["wrong"], told["head"]["organisation"]) == (True, [], shop.org_id)

        def alter(ctx: Context) -> None:
            mine = (EVENTS.c.org_id == shop.org_id, EVENTS.c.verb == "bicycle.create")
            ctx.session.execute(sa.update(EVENTS).where(*mine).values(verb="bicycle.sell"))

        await shop.work(alter)
        page = await checked(shop, owner)
        assert "The log was altered" in page
        assert "the chain is broken at event" in page
        assert (await shop.owner.get("/api/audit/check")).json()["holds"] is False


async def test_row_42_a_check_that_goes_on_is_not_begun_twice(application: Application, shop: Place) -> None:
    def twice(ctx: Context) -> None:
        with ctx.happening("check.begin"):
            assert checks.begin(ctx).id == checks.begin(ctx).id

    await shop.work(twice)
    async with Looker(application, shop.helper) as helper:
        assert (await helper.send("/-/audit/checks")).status_code == 403
        assert (await helper.see("/-/audit/checks/1")).status_code == 403


def gone_wrong(begin: Callable[[Context], Any]) -> Callable[[Context], None]:
    """Something is begun whose worker is lost each time."""

    def rule(ctx: Context) -> None:
        with ctx.happening("test.begin"):
            begin(ctx)
        lost = {"state": JobState.RUNNING, "worker": "lost", "attempts": TRIES, "lease_until": ctx.now}
        ctx.session.execute(sa.update(JOBS).where(JOBS.c.org_id == ctx.org_id, JOBS.c.verb.in_(LOST)).values(lost))

    return rule


async def test_p_24_row_42_a_check_that_is_given_up_says_so_and_another_one_can_begin(
    application: Application, shop: Place
) -> None:
    await shop.work(gone_wrong(checks.begin))
    await shop.application.office.work_once()
    check = await shop.work(lambda ctx: ctx.all(find(checks.Check))[0].id)
    told = (await shop.owner.get(f"/api/audit/checks/{check}")).json()
    assert (told["status"], told["error"], bool(told["ended_at"])) == ("failed", IN_VAIN, True)
    async with Looker(application, shop.owner) as owner:
        assert IN_VAIN in text(page := await owner.see(f"/-/audit/checks/{check}"))
        assert "as it was written" not in page.text
        french = await owner.see(f"/-/audit/checks/{check}", headers={"Accept-Language": "fr"})
        assert "n’ont pas abouti" in text(french)
        assert "The log is as it was written" in await checked(shop, owner)
    assert await shop.wrong() == []


async def test_p_24_exports_and_imports_that_are_given_up_say_so(application: Application, shop: Place) -> None:
    mine = {"of_trade": "bicycles", "type": "bicycles", "by_user": shop.owner.user_id, "by_role": "owner"}

    def export(ctx: Context) -> None:
        row = ctx.add(preparing.Export(format="csv", **mine))
        ctx.later(preparing.run, {"export": row.id}, once=str(row.id), target=str(row.id))

    def arrive(ctx: Context) -> None:
        running.go_on(ctx, ctx.add(Import(file_name="a.csv", **mine)).id)

    for begin in (export, arrive):
        await shop.work(gone_wrong(begin))
    await shop.application.office.work_once()
    async with Looker(application, shop.owner) as owner:
        for room in ("exports/jobs", "imports"):
            [told] = (await shop.owner.get(f"/api/{room}")).json()
            assert (told["status"], told["error"], bool(told["ended_at"])) == ("failed", IN_VAIN, True), room
            assert IN_VAIN in text(await owner.see(f"/{room.replace('/', '-')}/{told['id']}"))


async def test_p_23_why_a_message_failed_is_said_in_the_language_of_whoever_reads_it(
    application: Application, shop: Place
) -> None:
    def fail(ctx: Context) -> None:
        of = {"of_trade": ctx.trade.name, "template": "overdue", "cause_event": "rental.overdue"}
        with ctx.happening("rental.overdue"):
            message = ctx.add(Message(channel=Channel.SMS, address="+233241234567", body="Late", due_at=ctx.now, **of))
        ctx.do(FAIL, message, why="The provider could not deliver it", details="30003: Unreachable")

    await shop.work(fail)
    async with Looker(application, shop.owner) as owner:
        owner.http.headers["Accept-Language"] = "fr"
        page = text(await owner.see("/messages-log"))
        assert "Le fournisseur n’a pas pu le remettre" in page
        assert "30003" not in page
        assert "30003" in text(await owner.see("/messages-log", params={"columns": "status,details"}))
        assert "État: En attente → Échec" in text(await owner.see("/-/audit"))


async def test_p_30_an_old_backup_is_warned_of_at_home(application: Application, shop: Place, clock: Clock) -> None:
    now = clock()

    def made(ctx: Context) -> None:
        values = {
            "kind": "full", "state": "done", "machine": "here", "started_at": now, "lease_until": now, "ended_at": now,
            "covers_at": now, "next_at": now + timedelta(hours=1), "name": "one.tar", "bytes": 1234,
        }  # fmt: skip
        ctx.session.execute(sa.insert(BACKUPS).values(values))

    async with Looker(application, shop.owner) as owner:
        assert "No backup has been made yet" in text(await owner.see(""))
        await shop.work(made)
        assert "backup" not in text(await owner.see(""))
        page = text(await owner.see("/-/backups"))
        assert "one.tar" in page
        assert "1,234" in page
        clock.set((now + timedelta(days=3)).isoformat())
        assert "The last backup is 3 days old" in text(await owner.see(""))
    async with Looker(application, shop.helper) as helper:
        assert "The last backup" not in text(await helper.see(""))


async def test_p_30_where_no_backups_are_made_nobody_makes_one_now(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner, Looker(application, shop.helper) as helper:
        assert "Back up now" in text(await owner.see("/-/backups"))
        refused = await owner.send("/-/backups")
        assert (refused.status_code, "Backups are switched off here" in text(refused)) == (409, True)
        assert (await helper.send("/-/backups")).status_code == 403
    assert (await shop.owner.get("/api/backups")).json()["backups"] == []


async def a_webhook(owner: Looker) -> str:
    form = {"url": "https://shop.example.com/hook", "description": "", "is_active": "true", "events": "*"}
    page = await owner.send("/webhooks/do/create", form)
    assert page.status_code == 200, text(page)
    return page.text


async def test_p_22_a_webhook_s_secret_is_shown_once_and_its_deliveries_are_seen_and_sent_again(
    application: Application, shop: Place
) -> None:
    async with Looker(application, shop.owner) as owner:
        made = await a_webhook(owner)
        secret = re.findall(r"<code>(whsec_[^<]+)</code>", made)[0]
        detail = await owner.see("/webhooks/1")
        assert "/-/deliveries/1" in detail.text
        assert secret not in detail.text
        assert "Nothing was sent yet" in text(await owner.see("/-/deliveries/1"))
        assert 'href="/app/webhooks/1">https://shop.example.com/hook</a>' in (await owner.see("/webhooks")).text
        form = dict(re.findall(r'name="(was\.\w+)" value="([^"]*)"', (await owner.see("/webhooks/1/edit")).text))
        kept = {name.removeprefix("was."): value for name, value in form.items()}
        assert "Done" in await owner.told("/webhooks/1/edit", {**form, **kept, "description": "Books"})
        (hook,) = (await shop.owner.get("/api/webhooks")).json()
        assert (hook["description"], hook["is_active"], hook["events"]) == ("Books", True, ["*"])
        await owner.send("/webhooks/1/do/ping")
        page = await owner.see("/-/deliveries/1")
        delivery = re.findall(r"/-/deliveries/1/(\d+)/resend", page.text)[0]
        assert "It is sent again" in await owner.told(f"/-/deliveries/1/{delivery}/resend")
        assert (await owner.see("/-/deliveries/99")).status_code == 404
    async with Looker(application, shop.helper) as helper:
        assert (await helper.see("/-/deliveries/1")).status_code == 403
        assert (await helper.send(f"/-/deliveries/1/{delivery}/resend")).status_code == 403
