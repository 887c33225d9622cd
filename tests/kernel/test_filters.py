"""Filters of a list that are no plain columns: what they can't be compared with is the asker's mistake (P-09)."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from pydantic import BeforeValidator

from tests.kernel import stall
from tests.kernel.floor import HERE, NOW, Floor, bring
from tests.kernel.stall import KEEPER, Crate
from tradehall.kernel.contracts import Window
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Invalid
from tradehall.kernel.reader import Reader
from tradehall.kernel.resources import Filter, Resource
from tradehall.kernel.verbs import Actor, Grant

Numbers = Annotated[list[int], BeforeValidator(lambda text: text.split(","))]
crates = Resource(
    Crate,
    columns=("id", "label", "state"),
    by=KEEPER,
    filters=(
        Filter("ids", Numbers, Crate.id.in_),
        Filter("rows", str, lambda text: Crate.id.in_(text.split(","))),
        Filter("whole", str, lambda text: Crate.id.in_([int(each) for each in text.split(",")])),
        Filter("states", str, lambda text: Crate.state.in_(text.split(","))),
        Filter("labels", str, lambda text: Crate.label.in_(text.split(",") if text else [])),
        Filter("not_labels", str, lambda text: sa.not_(Crate.label.in_(text.split(",")))),
    ),
)


def asked(**query: str) -> Callable[[Session], list[str]]:
    """What the list answers, by the labels of the crates."""

    def labels(session: Session) -> list[str]:
        reader = Reader(session, stall.trade, Actor(HERE, "stall", KEEPER.name, 1), NOW)
        found = crates.page(reader, crates.asked(query | {"sort": "created_at"}, Window(10)), Grant(KEEPER))
        assert found.total == len(found.rows)
        return [row["label"] for row in found.rows]

    return labels


async def test_p09_a_filter_takes_several_values_however_many_there_are(floor: Floor) -> None:
    ids = [str((await floor.do(bring(label))).id) for label in "abcd"]
    for query, wanted in (
        ({"ids": f"{ids[0]},{ids[2]}"}, "ac"), ({"ids": ids[1]}, "b"), ({"ids": ",".join(ids)}, "abcd"),
        ({"whole": f"{ids[3]},{ids[2]}"}, "cd"), ({"states": "CLOSED"}, "abcd"), ({"states": "OPEN,EMPTY"}, ""),
        ({"labels": "a,d,x"}, "ad"), ({"labels": ""}, ""), ({"not_labels": "a,b"}, "cd"),
        ({"labels": "a,b,c", "ids": f"{ids[1]},{ids[3]}"}, "b"),
    ):  # fmt: skip
        for _ in range(2):
            assert await floor.read(asked(**query)) == list(wanted), query


@pytest.mark.parametrize(
    "query",
    [
        {"ids": "1,x"}, {"ids": ""}, {"rows": "1,2"}, {"rows": "x"}, {"whole": "x"}, {"whole": "1,"},
        {"whole": str(2**63)}, {"whole": str(10**30)}, {"states": "CLOSED,AJAR"}, {"states": ""},
    ],
)  # fmt: skip
async def test_p09_what_a_filter_can_not_be_compared_with_is_refused(query: dict[str, Any], floor: Floor) -> None:
    with pytest.raises(Invalid) as refused:
        await floor.read(asked(**query))
    assert refused.value.status == 422
    assert {tuple(error["loc"]) for error in refused.value.errors} == {("query", *query)}
