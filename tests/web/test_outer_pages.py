"""The pages outside of a trade: the home of several, one-time links, and what they say in French."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import bicycles
import httpx2
import pytest
import sqlalchemy as sa

from tests.running import SECRET, Application, Place, Switchboard
from tests.web.looking import Looker
from tradehall.app import build_app
from tradehall.settings import Settings
from tradehall.trades import phoneshop

FRENCH = {"Accept-Language": "fr-FR, en;q=0.5", "Accept": "text/html"}


@pytest.fixture
async def several(served: tuple[Switchboard, httpx2.AsyncClient], tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Two trades that nobody uses yet."""
    given = {"database_url": f"sqlite:///{tmp_path / 'hall.db'}", "secret_key": SECRET, "tradehall_data": tmp_path}
    gate = build_app(Settings.read(_env_file=None, **given), [phoneshop.trade, bicycles.trade])
    served[0].serves = gate
    yield served[1]
    served[0].serves = None
    await gate.office.close()


async def test_p_10_a_page_outside_of_a_trade_that_fails_is_a_page_for_browsers_and_json_for_programs(
    application: Application, shop: Place
) -> None:
    await shop.work(lambda ctx: ctx.session.execute(sa.text("ALTER TABLE one_time_links RENAME TO elsewhere")))
    page = await application.http.get("/welcome/anything", headers=FRENCH | {"X-Request-ID": "look-7"})
    assert (page.status_code, page.headers["X-Request-ID"]) == (500, "look-7")
    assert "La personne qui gère Tradehall le trouve dans le journal sous look-7." in page.text
    assert ("Traceback" in page.text, "one_time_links" in page.text) == (False, False)
    told = await application.http.get("/welcome/anything", headers={"X-Request-ID": "ask-7"})
    assert (told.status_code, told.json()["code"], told.json()["request_id"]) == (500, "internal_error", "ask-7")


async def test_the_home_of_trades_is_in_the_language_of_whoever_looks(several: httpx2.AsyncClient) -> None:
    page = await several.get("/", headers=FRENCH)
    assert '<html lang="fr">' in page.text
    assert "Ouvert ici" in page.text
    assert "Documentation de son interface" in page.text
    chosen = await several.get("/", headers={"Accept-Language": "de", "Cookie": "hall_language=fr"})
    assert "Ouvert ici" in chosen.text
    assert "Open here" in (await several.get("/")).text


async def test_a_language_is_chosen_before_signing_in_and_kept(
    several: httpx2.AsyncClient, application: Application, shop: Place
) -> None:
    home = await several.get("/?language=fr")
    assert ("Ouvert ici" in home.text, 'href="?language=en"' in home.text) == (True, True)
    assert home.headers["set-cookie"].startswith("hall_language=fr; Path=/; ")
    assert "set-cookie" not in (await several.get("/?language=tlh")).headers
    made = (await shop.owner.post(f"/api/users/{shop.helper.user_id}/link")).json()["link"]
    async with Looker(application) as stranger:
        entrance = await stranger.see("/-/sign-in?to=/app/rentals&language=fr")
        assert "Se connecter" in entrance.text
        assert re.search(r'href="\?to=[^"]*rentals&amp;language=en"', entrance.text)
        assert "Se connecter" in (await stranger.see("/-/sign-in")).text
        english = await stranger.http.get(f"/welcome/{made.rpartition('/')[2]}?language=en")
        assert "Choose a password" in english.text
        assert "Sign in" in (await stranger.see("/-/sign-in")).text


async def test_a_one_time_link_speaks_french(application: Application, shop: Place) -> None:
    made = (await shop.owner.post(f"/api/users/{shop.helper.user_id}/link")).json()["link"]
    path = f"/welcome/{made.rpartition('/')[2]}"
    page = await application.http.get(path, headers=FRENCH)
    assert "Choisissez un mot de passe" in page.text
    assert "Le même mot de passe encore une fois" in page.text
    form = {"password": "four walls and a roof", "again": "something else"}
    differs = await application.http.post(path, data=form, headers=FRENCH)
    assert (differs.status_code, "Les deux mots de passe ne sont pas les mêmes." in differs.text) == (422, True)
    weak = await application.http.post(path, data={"password": "x", "again": "x"}, headers=FRENCH)
    assert weak.status_code == 422
    assert "Au moins" in weak.text
    gone = await application.http.get("/welcome/nothing", headers=FRENCH)
    assert "Ce lien ne fonctionne pas" in gone.text


async def test_whoever_chooses_a_language_is_spoken_to_in_it_outside_too(application: Application) -> None:
    async with Looker(application) as stranger:
        stranger.http.cookies.set("hall_language", "fr", path="/")
        assert "Ce lien ne fonctionne pas" in (await stranger.http.get("/welcome/nothing")).text
