"""Reports: about a row, by what stands in the path, and asked for in a body."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from tests.kernel import stall
from tests.kernel.floor import HERE, NOW, THERE, Floor, bring
from tests.kernel.stall import KEEPER, Crate, NewCrate
from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Denied, Missing, Unavailable
from tradehall.kernel.office import Office, utc_now
from tradehall.kernel.reader import Reader
from tradehall.kernel.verbs import Actor


class Wish(BaseModel):
    """How many, in which words."""

    word: str = "pieces"
    number: int = 1


@report(by=KEEPER)
def offer(ctx: Reader, crate: Crate, wish: Wish) -> dict[str, Any]:
    """What so many cost of a crate."""
    return {"label": crate.label, "word": wish.word, "price": crate.price * wish.number}


@report(by=KEEPER)
def words(ctx: Reader, wish: Wish) -> dict[str, Any]:
    """What was asked for."""
    return wish.model_dump() | ({"now": ctx.now, "today": ctx.today} if wish.number > 1 else {})


ABOUT = Contract("GET", "/api/crates/{id}/offer/{word}", offer)
NAMED = Contract("GET", "/api/words/{word}", words)


async def ask(floor: Floor, contract: Contract, path: dict[str, Any], role: str = "keeper", **more: Any) -> Any:
    """The answer to somebody of the first organisation."""
    office = Office(floor.database, [stall.trade], "a secret of the tests", more.pop("clock", utc_now))
    found = await office.read(stall.trade, contract, Actor(HERE, "stall", role, 1), path, more.pop("query", {}), **more)
    return orjson.loads(found.body)


async def test_a_report_about_a_row_gets_the_row_that_the_path_names(floor: Floor) -> None:
    crate = await floor.do(bring("plums"))
    asked = {"id": crate.id, "word": "boxes"}
    assert offer.record is Crate
    assert await ask(floor, ABOUT, asked, query={"number": "3"}) == {"label": "plums", "word": "boxes", "price": 4.5}
    assert await ask(floor, ABOUT, asked, ask=Wish(number=2)) == {"label": "plums", "word": "pieces", "price": 3}
    with pytest.raises(Missing, match="Crate not found"):
        await ask(floor, ABOUT, asked | {"id": 999})
    with pytest.raises(Denied):
        await ask(floor, ABOUT, asked, role="seller")


async def test_p16_a_report_about_a_row_knows_none_of_another_organisation(floor: Floor) -> None:
    crate = await floor.rule(lambda ctx: ctx.do(stall.bring, NewCrate(label="plums")), THERE)
    with pytest.raises(Missing, match="Crate not found"):
        await ask(floor, ABOUT, {"id": crate.id, "word": "boxes"})


async def test_p04_a_report_says_its_moments_in_utc(floor: Floor) -> None:
    found = await ask(floor, NAMED, {"word": "boxes"}, query={"number": "2"}, clock=lambda: NOW)
    assert (found["now"], found["today"]) == ("2026-03-01T09:30:00.000000Z", "2026-03-01")


async def test_what_stands_in_the_path_counts_before_what_is_asked_behind_it(floor: Floor) -> None:
    assert await ask(floor, NAMED, {"word": "boxes"}, query={"word": "other"}) == {"word": "boxes", "number": 1}


async def test_row_31_a_question_that_is_broken_off_is_503_and_not_a_fault(floor: Floor) -> None:
    def endless(session: Session) -> Any:
        if floor.on_sqlite:
            driver: Any = session.connection.connection.driver_connection
            driver.set_progress_handler(lambda: 1, 1)
            try:
                return session.execute(sa.text("SELECT count(*) FROM stall_crates")).scalar()
            finally:
                driver.set_progress_handler(None, 0)
        session.execute(sa.text("SET LOCAL statement_timeout = 1"))
        return session.execute(sa.text("SELECT pg_sleep(60)")).scalar()

    with pytest.raises(Unavailable) as refused:
        await floor.read(endless)
    assert (refused.value.status, refused.value.code) == (503, "interrupted")
    assert await floor.labels() == []
