"""People and one's own account on pages: what an owner does there, and what is refused."""

import re

import pytest

from tests.running import PASSWORD, Application, Place
from tests.web.looking import Looker, menu, text
from tradehall.kernel.trade import Trade

AT = "/-/people"


async def test_an_owner_sees_everybody_with_role_and_state(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.see(AT)
        assert page.status_code == 200
        assert "owner-accra" in text(page)
        assert "helper-accra" in text(page)
        assert "kumasi" not in page.text
        assert "People" in menu(page)


async def test_a_helper_has_no_page_of_people(application: Application, shop: Place) -> None:
    async with Looker(application, shop.helper) as helper:
        assert (await helper.see(AT)).status_code == 403
        assert "People" not in menu(await helper.see("/"))
        for path in ("/new", "/invite", f"/{shop.owner.user_id}/role", f"/{shop.owner.user_id}/shut-out"):
            assert (await helper.see(f"{AT}{path}")).status_code == 403, path
            assert (await helper.send(f"{AT}{path}", {"role": "owner"})).status_code == 403, path
    assert await shop.news() == []


async def test_somebody_with_a_password_can_sign_in_at_once(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        form = {"username": "kofi", "password": "a boat and a river", "role": "helper", "full_name": "Kofi Mensah"}
        assert "Kofi Mensah" in await owner.told(f"{AT}/new", form)
    async with Looker(application) as kofi:
        entered = await kofi.send("/-/sign-in", {"name": "kofi", "secret": "a boat and a river"})
        assert entered.headers["Location"] == "/app"
        assert (await kofi.see("")).status_code == 200


async def test_somebody_without_a_password_gets_a_link_that_is_shown_once(
    application: Application, shop: Place
) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.send(f"{AT}/new", {"username": "kofi", "role": "helper"})
        assert page.status_code == 200
        link = re.search(r"http[^<]*/welcome/[\w-]+", page.text)
        assert link is not None
        assert "/welcome/" not in (await owner.see(AT)).text


async def test_what_is_wrong_is_said_at_its_field(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.send(f"{AT}/new", {"username": "kofi", "password": "short", "role": "helper"})
        assert page.status_code == 422
        assert 'id="f-password-wrong"' in page.text
        assert 'value="kofi"' in page.text
        assert "short" not in page.text
        taken = await owner.send(f"{AT}/new", {"username": "helper-accra", "role": "helper"})
        assert taken.status_code == 409
        assert "already registered" in text(taken)
    assert await shop.news() == []


async def test_a_role_is_changed_and_somebody_is_shut_out_and_let_in(application: Application, shop: Place) -> None:
    helper = f"{AT}/{shop.helper.user_id}"
    async with Looker(application, shop.owner) as owner, Looker(application, shop.helper) as other:
        assert "The role is changed" in await owner.told(f"{helper}/role", {"role": "owner"})
        await owner.told(f"{helper}/role", {"role": "helper"})
        assert (await other.see("")).status_code == 200
        assert "Shut out" in await owner.told(f"{helper}/shut-out")
        assert (await other.see("")).headers["Location"] == "/app/-/sign-in"
        assert "They can sign in again" in await owner.told(f"{helper}/let-in")
    assert [each.split(":")[0] for each in await shop.news()] == ["user.change"] * 4


async def test_the_last_owner_stays_and_the_page_says_why(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        for what, form in (("shut-out", {}), ("role", {"role": "helper"})):
            page = await owner.send(f"{AT}/{shop.owner.user_id}/{what}", form)
            assert page.status_code == 409
            assert "This is the last owner; name another one first" in text(page)
    assert await shop.news() == []


async def test_a_one_time_link_sets_a_password(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.send(f"{AT}/{shop.helper.user_id}/link")
        assert "/welcome/" in page.text


async def test_somebody_is_invited_and_the_invitation_is_withdrawn(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.send(f"{AT}/invite", {"role": "helper"})
        assert "/welcome/" in page.text
        listed = (await owner.see(AT)).text
        (invitation,) = re.findall(r"/invitations/(\d+)/withdraw", listed)
        path = f"{AT}/invitations/{invitation}/withdraw"
        assert "Nobody is invited" in await owner.told(path)
        assert (await owner.send(path)).status_code == 409


async def test_nobody_reaches_a_person_of_another_organisation(
    application: Application, shop: Place, other: Place
) -> None:
    async with Looker(application, shop.owner) as owner:
        for what in ("role", "shut-out", "link"):
            answer = await owner.send(f"{AT}/{other.helper.user_id}/{what}", {"role": "owner"})
            assert answer.status_code == 404
    assert await other.news() == []


async def test_one_sees_where_one_is_signed_in_and_signs_out_there(application: Application, shop: Place) -> None:
    async with Looker(application) as here, Looker(application) as there:
        for each in (here, there):
            await each.send("/-/sign-in", {"name": "helper-accra", "secret": PASSWORD})
        page = await here.see("/-/account")
        assert page.status_code == 200
        assert "this device" in text(page)
        ends = re.findall(r"/sessions/(\d+)/end", page.text)
        assert len(ends) == 2
        assert "Signed out there" in await here.told(f"/-/account/sessions/{ends[0]}/end")
        assert (await there.see("")).headers["Location"] == "/app/-/sign-in"
        assert (await here.see("")).status_code == 200


async def test_nobody_ends_the_session_of_somebody_else(application: Application, shop: Place) -> None:
    async with Looker(application) as helper, Looker(application, shop.owner) as owner:
        await helper.send("/-/sign-in", {"name": "helper-accra", "secret": PASSWORD})
        session = re.findall(r"/sessions/(\d+)/end", (await helper.see("/-/account")).text)[0]
        assert (await owner.send(f"/-/account/sessions/{session}/end")).status_code == 404
        assert (await helper.see("")).status_code == 200


async def test_signing_out_everywhere_ends_this_session_too(application: Application, shop: Place) -> None:
    async with Looker(application) as helper:
        await helper.send("/-/sign-in", {"name": "helper-accra", "secret": PASSWORD})
        answer = await helper.send("/-/account/everywhere")
        assert answer.headers["Location"] == "/app/-/sign-in"
        assert (await helper.see("")).headers["Location"] == "/app/-/sign-in"


async def test_a_password_is_changed_by_whoever_knows_it(application: Application, shop: Place) -> None:
    async with Looker(application) as helper:
        await helper.send("/-/sign-in", {"name": "helper-accra", "secret": PASSWORD})
        at, new = "/-/account/secret/password", "a boat and a river"
        wrong = await helper.send(at, {"current_password": "not this one", "new_password": new})
        assert wrong.status_code == 409
        assert "This is not your present password" in text(wrong)
        assert new not in wrong.text
        short = await helper.send(at, {"current_password": PASSWORD, "new_password": "short"})
        assert short.status_code == 422
        assert 'id="f-new_password-wrong"' in short.text
        done = await helper.send(at, {"current_password": PASSWORD, "new_password": new})
        assert done.headers["Location"] == "/app/-/sign-in"
        assert (await helper.send("/-/sign-in", {"name": "helper-accra", "secret": PASSWORD})).status_code == 401
        assert (await helper.send("/-/sign-in", {"name": "helper-accra", "secret": new})).status_code == 303


@pytest.mark.parametrize("path", ["/-/people", "/-/account", "/-/people/new"])
async def test_a_stranger_is_asked_to_sign_in_first(application: Application, trade: Trade, path: str) -> None:
    async with Looker(application) as stranger:
        assert (await stranger.see(path)).headers["Location"].startswith("/app/-/sign-in?to=")


async def test_row_21_a_form_from_elsewhere_is_refused(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        path = f"/app{AT}/{shop.helper.user_id}/shut-out"
        for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await owner.http.post(path, headers=headers)).status_code == 403
    assert await shop.news() == []
