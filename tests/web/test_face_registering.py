"""Registering on a page, waiting for approval, and a trade whose people sign in with a number and a PIN (P-13, P-14, P-17)."""

from dataclasses import replace

import bicycles
import pytest

from tests.running import PASSWORD, Application, Place
from tests.web.browsing import Seen, looking
from tradehall.kernel.people import JOIN, Register, SignIn, number, pin
from tradehall.kernel.trade import Trade

AT = "/app/-/sign-in/register"
AMA = {"student_id": "123456", "pin": "4711", "again": "4711", "full_name": "Ama Owusu", "organisation": "accra"}


@pytest.fixture
def trade() -> Trade:
    """A bicycle rental that whoever has a number may join."""
    signing = SignIn(kinds=(number("student_id", 6, "Student ID"),), secret=pin(), wrong="Invalid credentials")
    return replace(bicycles.trade, sign_in=signing, register=Register(JOIN, status=200))


def labels(page: Seen) -> list[str]:
    """What is asked for on a page."""
    return [each.text for each in page.one("main").all("label")]


async def test_p_17_a_stranger_registers_with_a_number_and_a_pin_and_is_in(
    application: Application, shop: Place, other: Place
) -> None:
    async with looking(application) as ama:
        entrance = await ama.get("/app/-/sign-in?to=%2Fapp%2Frentals")
        assert labels(entrance) == ["Student ID", "PIN"]
        (register,) = [each.given["href"] for each in entrance.all("a") if each.text == "Register"]
        page = await ama.get(register)
        assert labels(page) == [
            "Student ID *",
            "Email",
            "Full name",
            "PIN *",
            "The same PIN again *",
            "Which business? *",
        ]
        assert [page.one(id=f"f-{each}").given["type"] for each in ("pin", "again")] == ["password", "password"]
        assert page.one(id="f-pin").given["inputmode"] == "numeric"
        made = await ama.fill(register, **AMA, role="owner")
        assert (made.status, made.to) == (303, "/app/rentals")
        assert (await ama.get(made.to)).one("h1").text == "Rentals"
        assert (await ama.get("/app/-/people")).status == 403
        assert [
            each.text for each in (await ama.get("/app/-/account")).all("a") if each.text.startswith("Change ")
        ] == ["Change PIN"]
    assert [each.split(":")[0] for each in await shop.news()] == ["user.create", "user.sign_in"]
    assert await other.news() == []
    async with looking(application) as later:
        refused = await later.sign_in("123456", "0000")
        assert (refused.status, refused.alerts) == (401, ["Invalid credentials"])
        assert (await later.sign_in("123456", "4711")).to == "/app"


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"again": "4712"}, "again"), ({"pin": "47", "again": "47"}, "pin"), ({"student_id": "12"}, "student_id"),
     ({"organisation": "nowhere"}, "organisation"), ({"email": "ama"}, "email")],
)  # fmt: skip
async def test_p_13_what_is_wrong_with_a_registration_is_said_at_its_field_and_no_secret_comes_back(
    application: Application, shop: Place, changed: dict[str, str], field: str
) -> None:
    async with looking(application) as ama:
        page = await ama.fill(AT, **AMA | changed)
        assert page.status == 422
        assert list(page.wrong()) == [field]
        assert "pattern" not in page.wrong()[field]
        assert page.one(id="f-full_name").given["value"] == "Ama Owusu"
        assert [page.one(id=f"f-{each}").given["value"] for each in ("pin", "again")] == ["", ""]
    assert await shop.news() == []


async def test_p_14_who_waits_is_told_so_and_comes_in_when_the_owner_has_approved_it(
    application: Application, shop: Place
) -> None:
    await shop.prefer(registration_approval=True)
    async with looking(application) as ama, looking(application, shop.owner) as owner:
        waits = await ama.fill(
            f"{AT}?organisation=accra", **{name: text for name, text in AMA.items() if name != "organisation"}
        )
        assert (waits.status, waits.one("h1").text) == (202, "Your registration waits for approval")
        refused = await ama.sign_in("123456", "4711")
        assert (refused.status, refused.alerts) == (403, ["Your registration waits for approval"])
        taken = await ama.fill(AT, **AMA)
        assert (taken.status, taken.alerts) == (409, ["Student ID already registered"])
        home = await owner.get("/app")
        assert [each.given["href"] for each in home.all("a") if each.text == "See"][:1] == ["/app/-/people"]
        people = await owner.get("/app/-/people")
        assert "Ama Owusu" in people.one("section", aria_labelledby="waiting").text
        assert people.one("main").text.count("Ama Owusu") == 1
        (approve,) = [each.given["href"] for each in people.all("a") if each.text == "Approve"]
        assert "They can sign in from now on." in (await owner.get(approve)).one("main").text
        assert (await owner.post(approve)).to == "/app/-/people"
        assert (await owner.get("/app/-/people")).all("section", aria_labelledby="waiting") == []
        assert (await ama.sign_in("123456", "4711")).to == "/app"
        late = await owner.post(approve.replace("approve", "refuse"))
        assert (late.status, late.alerts) == (409, ["This person does not wait for approval"])


async def test_p_14_of_a_refused_person_the_number_is_free_again(application: Application, shop: Place) -> None:
    await shop.prefer(registration_approval=True)
    async with looking(application) as ama, looking(application, shop.owner) as owner, looking(application, shop.helper) as helper:  # fmt: skip
        await ama.fill(AT, **AMA)
        (refuse,) = [
            each.given["href"] for each in (await owner.get("/app/-/people")).all("a") if each.text == "Refuse"
        ]
        assert ((await helper.get(refuse)).status, (await helper.post(refuse)).status) == (403, 403)
        assert (await owner.post(refuse)).to == "/app/-/people"
        assert (await owner.post(refuse)).status == 404
        assert (await ama.sign_in("123456", "4711")).status == 401
        assert (await ama.fill(AT, **AMA)).status == 202


async def test_where_people_have_pins_the_staff_has_a_password(application: Application, shop: Place) -> None:
    async with looking(application, shop.owner) as owner, looking(application) as esi:
        new = await owner.get("/app/-/people/new")
        assert labels(new)[:2] == ["Student ID", "Email"]
        made = await owner.fill("/app/-/people/new", username="esi", password=PASSWORD, role="owner")
        assert made.to == "/app/-/people"
        assert labels(await esi.get("/app/-/sign-in?as=staff")) == ["Username / Email", "Password"]
        wrong = await esi.sign_in("esi", "not this one", **{"as": "staff"})
        assert (wrong.status, labels(wrong)) == (401, ["Username / Email", "Password"])
        assert (await esi.sign_in("esi", PASSWORD)).status == 401
        assert (await esi.sign_in("esi", PASSWORD, **{"as": "staff"})).to == "/app"
        assert [
            each.text for each in (await esi.get("/app/-/account")).all("a") if each.text.startswith("Change ")
        ] == ["Change password"]
        forgot = await esi.post("/app/-/sign-in/forgot", {"name": "esi", "as": "staff"})
        assert "a link is on its way" in forgot.one("main").text


async def test_a_pin_is_changed_on_a_page_and_signs_its_person_out(application: Application, shop: Place) -> None:
    async with looking(application) as ama:
        await ama.fill(AT, **AMA)
        page = await ama.get("/app/-/account/secret/pin")
        assert labels(page) == ["Current PIN *", "New PIN *"]
        short = await ama.fill("/app/-/account/secret/pin", current_pin="4711", new_pin="12")
        assert short.wrong() == {"new_pin": "A PIN has 4 digits."}
        done = await ama.fill("/app/-/account/secret/pin", current_pin="4711", new_pin="1174")
        assert done.to == "/app/-/sign-in"
        assert (await ama.sign_in("123456", "1174")).to == "/app"


async def test_row_21_a_registration_from_elsewhere_is_refused(application: Application, shop: Place) -> None:
    async with looking(application) as ama:
        assert (await ama.post(AT, AMA, headers={"Origin": "https://evil.example"})).status == 403
    assert await shop.news() == []
