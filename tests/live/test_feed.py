"""P-38: the log as a feed, which each may follow as far as they may see it."""

from tests.running import Application, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done


async def test_p_38_without_a_cursor_the_feed_gives_that_of_now_and_from_there_what_happens(shop: Place) -> None:
    now = done(await shop.clerk.get("/api/events"), 200)
    assert now["events"] == []
    customer = await a_customer(shop.clerk, full_name="Kofi")
    later = done(await shop.clerk.get("/api/events", params={"after": now["cursor"]}), 200)
    [event] = later["events"]
    assert (event["event"], event["epoch"], event["data"]["actor"]) == (
        "customer.register", now["epoch"], f"user:{shop.clerk.user_id}"
    )  # fmt: skip
    [change] = event["data"]["changes"]
    assert (change["resource"], change["id"], change["operation"]) == ("customers", customer["id"], "add")
    assert change["values"]["full_name"] == "Kofi"
    assert later["cursor"] == f"{event['epoch']}-{event['id']}"
    again = done(await shop.clerk.get("/api/events", params={"after": later["cursor"]}), 200)
    assert (again["events"], again["more"], again["resync"]) == ([], False, False)


async def test_p_38_pages_of_the_feed_join_without_loss_or_duplicate(shop: Place) -> None:
    cursor = done(await shop.owner.get("/api/events"), 200)["cursor"]
    made = [(await a_customer(shop.owner))["id"] for _ in range(7)]
    found, more = [], True
    while more:
        page = done(await shop.owner.get("/api/events", params={"after": cursor, "limit": 3}), 200)
        found += [change["id"] for event in page["events"] for change in event["data"]["changes"]]
        cursor, more = page["cursor"], page["more"]
    assert found == made


async def test_p_38_an_unknown_id_or_another_epoch_is_answered_resync_and_nonsense_422(shop: Place) -> None:
    now = done(await shop.clerk.get("/api/events"), 200)
    last = int(now["cursor"].split("-")[1])
    for cursor in (f"{now['epoch']}-{last + 1}", f"abc-{last}", str(last + 1)):
        answer = done(await shop.clerk.get("/api/events", params={"after": cursor}), 200)
        assert (answer["resync"], answer["cursor"], answer["events"]) == (True, now["cursor"], [])
    assert done(await shop.clerk.get("/api/events", params={"after": str(last)}), 200)["resync"] is False
    for wrong in ("x", "-1", "1-", "9" * 30, "1;2"):
        assert (await shop.clerk.get("/api/events", params={"after": wrong})).status_code == 422


async def test_p_16_a_role_gets_the_fields_that_the_api_shows_it_and_another_organisation_nothing(
    shop: Place, other: Place
) -> None:
    before = {role: done(await each.get("/api/events"), 200)["cursor"] for role, each in shop.people.items()}
    theirs = done(await other.owner.get("/api/events"), 200)["cursor"]
    sale = await a_sale(shop.owner)
    for role, person in shop.people.items():
        page = done(await person.get("/api/events", params={"after": before[role]}), 200)
        values = {c["resource"]: c["values"] for event in page["events"] for c in event["data"]["changes"]}
        shown = done(await person.get(f"/api/sales/{sale['id']}"), 200)
        assert set(values["sales"]) <= set(shown)
        assert ("margin" in values["sales"]) == ("margin" in shown) == (role in ("manager", "owner"))
        phone = done(await person.get(f"/api/phones/{sale['phone_id']}"), 200)
        assert set(values["phones"]) <= set(phone)
    assert done(await other.owner.get("/api/events", params={"after": theirs}), 200)["events"] == []


async def test_p_16_what_no_resource_offers_is_in_nobodys_feed(application: Application, shop: Place) -> None:
    cursor = done(await shop.owner.get("/api/events"), 200)["cursor"]
    await shop.prefer(name="Ama's phones")
    await a_phone(shop.owner)
    page = done(await shop.owner.get("/api/events", params={"after": cursor}), 200)
    assert [event["event"] for event in page["events"]] == ["phone.stock"]
    assert (await application.stranger.get("/api/events")).status_code == 401
