"""Languages of the pages: what is said, how values are written, and how they are read back."""

from datetime import date
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.running import Application, Place
from tests.web.hiring import a_rental
from tests.web.looking import Looker, text
from tradehall.kernel.formats import Formats
from tradehall.trades.phoneshop import trade as phoneshop
from tradehall.web.face.words import Catalogue, Words, wanted

ROOT = Path(__file__).parents[2]

NARROW, HARD = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("accepted", "chosen", "found"),
    [
        ("", "", "en"),
        ("fr", "", "fr"),
        ("fr-CI,fr;q=0.9,en;q=0.8", "", "fr"),
        ("de-DE,de;q=0.9", "", "en"),
        ("de,en;q=0.5,fr;q=0.4", "", "en"),
        ("en-GB,en", "fr", "fr"),
        ("fr", "en", "en"),
        ("fr", "xx", "fr"),
        ("{{7*7}},;q=,*", "<script>", "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_what_the_browser_names_first(
    accepted: str, chosen: str, found: str
) -> None:
    assert wanted(accepted, chosen) == found


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("Customer not found", "Introuvable\u00a0: Client"),
        ("Sale is RETURNED and can only become nothing else", "Vente\u00a0: l’état est «\u00a0Rendu\u00a0», et seul est possible ensuite\u00a0: rien d’autre"),
        ("Phone is SOLD and can only become AVAILABLE or UNDER_REPAIR", "Téléphone\u00a0: l’état est «\u00a0Vendu\u00a0», et seul est possible ensuite\u00a0: Disponible ou En réparation"),
        ("Only 1234.50 is due", "Seuls 1234,50 sont dus"),
        ("Input should be greater than or equal to 0", "La valeur doit être supérieure ou égale à 0"),
        ("String should have at most 40 characters", "40 caractères au plus"),
        ("String should have at least 1 character", "1 caractère au moins"),
        ("Input should be 'cash', 'card' or 'mobile_money'", "Valeurs possibles\u00a0: Espèces, Carte ou Argent mobile"),
        ("Only {amount} is {due.__class__} is due", "Seuls {amount} is {due.__class__} sont dus"),
        ("Nobody put this into French", "Nobody put this into French"),
        ("Only " + "x" * 1000 + " is due", "Only " + "x" * 1000 + " is due"),
    ],
)  # fmt: skip
def test_a_sentence_with_its_values_is_known_too(english: str, french: str) -> None:
    assert Words("fr", phoneshop.words)(english) == french
    assert Words("en", phoneshop.words)(english) == english


@pytest.mark.parametrize(
    ("count", "en", "fr"), [(0, "0 rows", "0 ligne"), (1, "1 row", "1 ligne"), (2, "2 rows", "2 lignes")]
)
def test_what_is_counted_is_one_or_several_as_the_language_has_it(count: int, en: str, fr: str) -> None:
    assert [Words(each).many(count, "{count} row", "{count} rows") for each in ("en", "fr")] == [en, fr]


def test_a_trade_may_have_another_word_than_everybody() -> None:
    assert (Words("fr", phoneshop.words)("Stock"), Words("fr")("Home")) == ("Mettre en stock", "Accueil")


@pytest.mark.parametrize(
    ("language", "currency", "written"),
    [
        ("en", "GHS", "GHS 1,234.50"),
        ("en", "USD", "US$1,234.50"),
        ("en", "EUR", "€1,234.50"),
        ("fr", "EUR", f"1{NARROW}234,50{HARD}€"),
        ("fr", "XOF", f"1{NARROW}234,50{HARD}F{NARROW}CFA"),
        ("fr", "", f"1{NARROW}234,50"),
    ],
)
def test_money_is_written_as_the_language_does(language: str, currency: str, written: str) -> None:
    formats = Formats(language, currency=currency)
    assert formats.money(1234.5) == written
    assert formats.money(-1234.5) == f"−{written}"
    assert formats.read_number(written) == "1234.50"


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("en", "1,234.50", "1234.50"),
        ("en", "1234.5", "1234.5"),
        ("en", "-12", "-12"),
        ("fr", "1 234,50", "1234.50"),
        ("fr", f"1{NARROW}234{HARD}567,5", "1234567.5"),
        ("fr", "1234,5", "1234.5"),
        ("fr", "1234.50", "1234.50"),
        ("fr", "−12,50", "-12.50"),
        ("fr", "douze", "douze"),
        ("en", "", ""),
    ],
)
def test_a_number_is_read_as_it_is_written(language: str, typed: str, read: str) -> None:
    assert Formats(language).read_number(typed) == read


@pytest.mark.parametrize(
    ("language", "day", "moment", "month", "first"),
    [
        ("en", "21 Nov 2026", "21 Nov 2026, 15:04", "November 2026", "Mon"),
        ("fr", "21 nov. 2026", "21 nov. 2026, 15:04", "Novembre 2026", "lun."),
    ],
)
def test_days_are_written_as_the_language_does(language: str, day: str, moment: str, month: str, first: str) -> None:
    formats = Formats(language, zone="Africa/Accra")
    at = "2026-11-21T15:04:00Z"
    assert (formats.day("2026-11-21"), formats.moment(at)) == (day, moment)
    assert (formats.month(date(2026, 11, 1)), formats.weekdays()[0]) == (month, first)
    assert formats.read_moment(formats.local(at)) == "2026-11-21T15:04:00+00:00"


async def test_a_page_is_in_the_language_of_whoever_looks(shop: Place) -> None:
    cookie = {"cookie": f"hall={shop.owner.token}"}
    made = await shop.owner.post(
        "/api/bicycles", json={"frame_number": "KA-1", "daily_rate": "1234.50", "deposit": "50"}
    )
    page = (
        await shop.application.stranger.get("/app/bicycles", headers=cookie | {"accept-language": "fr-CI,fr;q=0.9"})
    ).text
    assert '<html lang="fr"' in page
    assert all(
        each in page for each in ("Vélos", "Tarif par jour", f"1{NARROW}234,50", "Libre", "1 ligne", "Propriétaire")
    )
    page = (
        await shop.application.stranger.get(
            "/app/bicycles",
            headers=cookie | {"accept-language": "fr"} | {"cookie": f"hall={shop.owner.token}; hall_language=en"},
        )
    ).text
    assert '<html lang="en"' in page
    assert "1,234.50" in page
    assert made.status_code == 201


async def test_what_is_refused_is_said_in_the_language(shop: Place) -> None:
    french = {"cookie": f"hall={shop.owner.token}; hall_language=fr", "sec-fetch-site": "same-origin"}
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await shop.application.stranger.post(
        "/app/bicycles/do/create", headers=french | form, content="frame_number=&daily_rate=-1&deposit=1 234,50"
    )
    assert answer.status_code == 422
    assert "1 caractère au moins" in answer.text
    assert "La valeur doit être supérieure à 0" in answer.text
    right = "frame_number=KA-7&daily_rate=12,5&deposit=1 234,50"
    await shop.application.stranger.post("/app/bicycles/do/create", headers=french | form, content=right)
    row = (await shop.owner.get("/api/bicycles")).json()[0]
    assert (row["daily_rate"], row["deposit"]) == (12.5, 1234.5)
    again = await shop.application.stranger.post("/app/bicycles/do/create", headers=french | form, content=right)
    assert "Il y a déjà un vélo avec ce numéro de cadre" in again.text
    assert "Cette page n’existe pas" in (await shop.application.stranger.get("/app/nowhere", headers=french)).text


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        (ROOT, "tradehall/web/face/words/fr.json"),
        (ROOT, "tradehall/trades/phoneshop/words/fr.json"),
        (ROOT / "examples/bicycles", "bicycles/words/fr.json"),
    ],
)
def test_the_packages_bring_their_words(folder: object, path: str) -> None:
    builder = WheelBuilder(str(folder))
    assert path in {each.distribution_path for each in builder.recurse_included_files()}


async def test_a_language_is_a_setting_of_the_account(application: Application, shop: Place) -> None:
    rental = await a_rental(shop)
    async with Looker(application, shop.helper) as helper, Looker(application, shop.helper) as elsewhere:
        helper.http.headers["Accept-Language"] = elsewhere.http.headers["Accept-Language"] = "en"
        assert "Rentals" in text(await helper.see("/rentals"))
        await helper.send("/-/look", {"language": "fr", "to": "/app/rentals"})
        assert '<html lang="fr"' in (await elsewhere.see("/rentals")).text
    await shop.owner.post(f"/api/rentals/{rental}/comments", json={"text": "@helper-accra"})
    (notice,) = (await shop.helper.get("/api/notices")).json()
    assert notice["body"] == f"owner-accra vous a mentionné dans un commentaire : Rental {rental} Ama Owusu"
    news = await shop.news()
    assert f"user.language: edit users {shop.helper.user_id}" in news
    known = {"language": "fr", "languages": ["en", "fr"]}
    assert (await shop.helper.get("/api/auth/language")).json() == known
    assert (await shop.owner.get("/api/auth/language")).json()["language"] is None
    wrong = await shop.helper.put("/api/auth/language", json={"language": "tlh"})
    assert (wrong.status_code, wrong.json()["detail"][0]["msg"]) == (422, "The languages are en, fr")
    assert (await shop.helper.put("/api/auth/language", json={"language": None})).json()["language"] is None
    async with Looker(application, shop.helper) as helper:
        assert '<html lang="en"' in (await helper.see("/rentals", headers={"Accept-Language": "en"})).text


def test_a_sentence_is_what_says_most_of_it_and_a_thing_with_a_number_is_called_in_it_as_elsewhere() -> None:
    said = Catalogue(
        {"Washer {number}": "Mesin basuh {number}", "{machine} is done by {until}.": "{machine} siap {until}."}
    )
    assert said.find("Washer 1 is done by 14:05.") == "Mesin basuh 1 siap 14:05."
    assert said.find("Washer One is done by 14:05.") == "Washer One siap 14:05."
