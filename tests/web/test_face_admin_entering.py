"""Coming in for the first time, by a link or by a provider, and coming back to where somebody wanted to go."""

import re
from collections.abc import Iterator
from typing import Any, cast

import httpx2
import pytest
import sqlalchemy as sa

from tests.identity import CLIENT, PASSWORD, Identity, provider
from tests.running import Application, Place
from tests.web.looking import SAME_SITE, Looker, text
from tradehall.adapters.openid import OpenIdProvider, trusted
from tradehall.kernel.context import Context
from tradehall.kernel.people.authority import touch_authority
from tradehall.kernel.people.tables import MEMBERSHIPS, SECRETS

NEW = "a boat and a river"


async def the_link(owner: Looker, path: str, form: dict[str, str]) -> str:
    """A link that the owner is shown."""
    page = await owner.send(path, form)
    return str(re.findall(r"(/welcome/[\w-]+)", page.text)[0])


async def test_whoever_accepts_an_invitation_is_signed_in_and_at_home(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner, Looker(application) as kofi:
        link = await the_link(owner, "/-/people/invite", {"role": "helper"})
        form = {"username": "kofi", "password": NEW, "again": NEW}
        wrong = await kofi.http.post(link, data={**form, "again": "another"})
        assert wrong.status_code == 422
        answer = await kofi.http.post(link, data=form)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/app")
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        home = await kofi.see("")
        assert home.status_code == 200
        assert "kofi" in home.text
        assert (await kofi.http.post(link, data=form)).status_code == 404
        assert "this device" in text(await kofi.see("/-/account"))


async def test_whoever_chooses_a_new_password_by_a_link_is_signed_in(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner, Looker(application) as helper:
        link = await the_link(owner, f"/-/people/{shop.helper.user_id}/link", {})
        answer = await helper.http.post(link, data={"password": NEW, "again": NEW})
        assert answer.headers["Location"] == "/app"
        assert (await helper.see("")).status_code == 200


async def test_somebody_who_is_shut_out_is_not_let_in_by_a_link(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner, Looker(application) as helper:
        link = await the_link(owner, f"/-/people/{shop.helper.user_id}/link", {})
        await owner.send(f"/-/people/{shop.helper.user_id}/shut-out")
        answer = await helper.http.post(link, data={"password": NEW, "again": NEW})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert (await helper.see("")).status_code == 303


async def test_where_nobody_can_sign_in_yet_the_page_says_how_to_begin(application: Application, shop: Place) -> None:
    async with Looker(application) as first:
        assert "Username" in text(await first.see("/-/sign-in"))

        def forget(ctx: Context) -> None:
            ctx.session.execute(sa.delete(SECRETS))

        await shop.work(forget)
        page = text(await first.see("/-/sign-in"))
        assert "Nobody can sign in here yet" in page
        assert "/welcome/" in page


async def test_whoever_has_forgotten_it_is_told_the_same_as_whoever_never_was_here(application: Application) -> None:
    async with Looker(application) as stranger:
        assert "Forgotten" in text(await stranger.see("/-/sign-in"))
        told = [
            text(await stranger.send("/-/sign-in/forgot", {"name": name})) for name in ("helper-accra", "nobody-at-all")
        ]
        assert told[0] == told[1]
        assert "a link is on its way" in told[0]
        assert (await stranger.http.post("/app/-/sign-in/forgot", data={"name": "x"})).status_code == 403


async def test_p_13_nobody_registers_where_the_trade_does_not_let_them(application: Application, shop: Place) -> None:
    async with Looker(application) as stranger:
        assert "Register" not in text(await stranger.see("/-/sign-in"))
        assert (await stranger.see("/-/sign-in/register")).status_code == 404
        assert (await stranger.send("/-/sign-in/register", {"username": "kofi", "password": NEW})).status_code == 404
    assert await shop.news() == []


async def test_a_browser_at_the_root_is_led_to_the_pages(application: Application) -> None:
    browser = {"Accept": "text/html"}
    assert (await application.http.get("/", headers=browser)).headers["Location"] == "/app"


async def test_somebody_goes_over_to_another_business_of_theirs(
    application: Application, shop: Place, other: Place
) -> None:
    def join(ctx: Context) -> None:
        place = {"org_id": other.org_id, "trade": "bicycles", "user_id": shop.helper.user_id, "role": "helper"}
        ctx.session.execute(sa.insert(MEMBERSHIPS).values(**place, is_active=True))
        touch_authority(ctx.session)

    async with Looker(application, shop.helper) as helper:
        assert "Your other businesses" not in text(await helper.see("/-/account"))
        assert (await helper.send("/-/account/switch", {"organisation": str(other.org_id)})).status_code == 404
        await shop.work(join)
        assert "kumasi" in text(await helper.see("/-/account"))
        await shop.application.office.tokens.look()
        frame = (await helper.see("/bicycles")).text.split("<main")[0]
        assert f'<button name="organisation" value="{other.org_id}">kumasi</button>' in frame
        assert (await helper.send("/-/account/switch", {"organisation": str(other.org_id)})).status_code == 303
        await other.owner.post("/api/bicycles", json={"frame_number": "KU-7", "daily_rate": 12, "deposit": 50})
        assert "KU-7" in text(await helper.see("/bicycles"))


@pytest.fixture
def them(application: Application) -> Iterator[Identity]:
    """The provider `acme` of this installation."""
    with provider() as found:
        cast("dict[str, Any]", application.office.outside.openid)["acme"] = OpenIdProvider(found.base, CLIENT, PASSWORD)
        yield found


async def there_and_back(looker: Looker, address: str) -> httpx2.Response:
    """To the provider, and back to where it sends."""
    async with httpx2.AsyncClient(verify=trusted(), trust_env=False) as away:
        back = await away.get(address)
    return await looker.http.get(back.headers["Location"], headers={"Accept": "text/html"})


async def test_somebody_links_a_provider_and_comes_back_to_where_they_wanted_to_go(
    application: Application, shop: Place, them: Identity
) -> None:
    async with Looker(application, shop.helper) as helper:
        assert "acme" in text(await helper.see("/-/account"))
        page = await helper.send("/-/account/providers/acme/link")
        (address,) = re.findall(r'href="(http[^"]*)"', page.text)
        answer = await there_and_back(helper, address.replace("&amp;", "&"))
        assert answer.headers["Location"] == "/app/-/account"
        assert "Unlink" in text(await helper.see("/-/account"))
    async with Looker(application) as later:
        entrance = await later.see("/rentals")
        page = await later.http.get(entrance.headers["Location"])
        (start,) = re.findall(r'href="(/app/-/sign-in/with/acme[^"]*)"', page.text)
        sent = await later.http.get(start)
        answer = await there_and_back(later, sent.headers["Location"])
        assert answer.headers["Location"] == "/app/rentals"
        assert (await later.see("/rentals")).status_code == 200


async def test_whom_the_provider_knows_and_nobody_here_is_told_so_at_the_sign_in(
    application: Application, them: Identity
) -> None:
    async with Looker(application) as stranger:
        sent = await stranger.see("/-/sign-in/with/acme")
        answer = await there_and_back(stranger, sent.headers["Location"])
        assert answer.status_code == 403
        assert "Nobody here is known by this account" in text(answer)
        assert (await stranger.see("")).status_code == 303
        assert (await stranger.http.post("/app/-/sign-out", headers=SAME_SITE)).status_code == 303
