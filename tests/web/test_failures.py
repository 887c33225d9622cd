"""What nobody foresaw: a rule, a report or a page that fails (P-10). It is said, logged by its number, and loses nothing."""

import re
from dataclasses import replace
from typing import Any

import bicycles
import pytest
from bicycles import OWNER, STAFF, Bicycle

from tests.running import Application, Place
from tests.web.hiring import a_bicycle
from tests.web.looking import SAME_SITE, Looker, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Report
from tradehall.kernel.forms import form
from tradehall.kernel.reader import Reader
from tradehall.kernel.screens import OwnPage
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Verb

WRONG = "Something went wrong here"
SECRET = "the innards of the rule"


def shatter(ctx: Context, bicycle: Bicycle, asked: Any) -> None:
    raise RuntimeError(SECRET)


def broken(reader: Reader) -> Any:
    raise RuntimeError(SECRET)


@pytest.fixture
def trade() -> Trade:
    """The bicycle rental with a rule that fails, and a page that does, too."""
    asked = form(Bicycle, ("frame_number",), name="Shatter")
    breaks: Verb[Any, Any] = Verb("shatter", Bicycle, OWNER, shatter, True, asked, "Break.")
    fails = Report("broken", STAFF, broken, None, "Nothing.", quick=True)
    page = OwnPage(
        "cracked", "counter.html", by=STAFF, title="Cracked", shows={"free": "/api/broken"},
        does={"hire": "/api/rentals/start"}, asks=("POST /api/bicycles/{id}/shatter",),
    )  # fmt: skip
    paths = (Contract("POST", "/api/bicycles/{id}/shatter", breaks), Contract("GET", "/api/broken", fails))
    return replace(bicycles.trade, contract=paths, screens=(*bicycles.screens, page))


async def test_p_10_a_program_is_told_in_the_shape_of_the_trade_and_the_log_by_the_number(
    shop: Place, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/api/bicycles/{await a_bicycle(shop)}/shatter"
    for method, where in (("POST", path), ("GET", "/api/broken")):
        answer = await shop.owner.ask(method, where, {"X-Request-ID": f"till-{method}"}, json={"frame_number": "KA-9"})
        assert answer.status_code == 500
        assert answer.json() == {"detail": WRONG, "code": "internal_error", "request_id": f"till-{method}"}
    numbers = [(each.__dict__.get("request_id", ""), bool(each.exc_info)) for each in caplog.records]
    logged = [number for number, is_told in numbers if is_told and number]
    assert logged == ["till-POST", "till-GET"]


async def test_p_10_a_form_whose_verb_fails_stays_as_it_was_filled_in(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with Looker(application, shop.owner) as owner:
        answer = await owner.send(f"/bicycles/{bicycle}/do/shatter", {"frame_number": "KA-9"})
        number = answer.headers["X-Request-ID"]
        assert answer.status_code == 500
        assert f"{WRONG}. Whoever looks after Tradehall finds it in the log as {number}." in text(answer)
        assert 'value="KA-9"' in answer.text
        assert SECRET not in answer.text
        script = await owner.http.post(
            f"/app/-/api/api/bicycles/{bicycle}/shatter", json={"frame_number": "KA-9"}, headers=SAME_SITE
        )
        assert (script.status_code, script.json()["said"]) == (500, WRONG)


async def test_p_10_a_page_that_fails_is_asked_for_again_with_all_that_its_form_said(
    application: Application, shop: Place
) -> None:
    wish = {"do": "hire", "bicycle_id": "99", "renter": "Ama <Owusu>", "days": "2"}
    async with Looker(application, shop.owner) as owner:
        seen, sent = await owner.see("/cracked"), await owner.send("/cracked", wish)
        for answer in (seen, sent):
            assert answer.status_code == 500
            assert f"log as {answer.headers['X-Request-ID']}." in text(answer)
            assert ("Try again" in text(answer), SECRET in answer.text) == (True, False)
        again = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', sent.text))
        assert again == wish | {"renter": "Ama &lt;Owusu&gt;"}
        with_secret = await owner.send("/cracked", wish | {"password": "four walls"})
        assert "four walls" not in with_secret.text
