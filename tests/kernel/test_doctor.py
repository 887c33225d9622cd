"""The doctor sums the rows again, and names what is kept differently."""

import pytest

from tests.kernel import stall
from tests.kernel.floor import HERE, Floor, bring
from tradehall.kernel.doctor import Rebuild, differences


@pytest.mark.parametrize(
    ("tamper", "sentences"),
    [
        (
            "UPDATE totals SET amount = amount + 100 WHERE measure = 'stall.worth' AND day = ''",
            ["here: the total stall.worth / CLOSED is kept as 2 rows and 31.00, but its rows say 2 rows and 30.00"],
        ),
        (
            "UPDATE totals SET count = 7 WHERE measure = 'rows' AND dimension = 'stall_crates'",
            ["here: the total rows / stall_crates is kept as 7 rows and 0.00, but its rows say 2 rows and 0.00"],
        ),
        (
            "DELETE FROM totals WHERE measure = 'stall.worth' AND day <> ''",
            [
                (
                    "here: the total stall.worth / CLOSED / 2026-03-01 is kept as 0 rows and 0.00, but its rows say 2 rows "
                    "and 30.00"
                )
            ],
        ),
        (
            "INSERT INTO totals (org_id, measure, dimension, day, count, amount) VALUES (1, 'stall.worth', 'AJAR', '', 1, 5)",
            ["here: the total stall.worth / AJAR is kept as 1 rows and 0.05, but its rows say 0 rows and 0.00"],
        ),
        (
            "UPDATE stall_crates SET stock = 0 WHERE id = 1",
            [
                "here: the total stall.worth / CLOSED is kept as 2 rows and 30.00, but its rows say 2 rows and 15.00",
                (
                    "here: the total stall.worth / CLOSED / 2026-03-01 is kept as 2 rows and 30.00, but its rows say 2 rows "
                    "and 15.00"
                ),
            ],
        ),
    ],
    ids=["amount", "count", "missing", "invented", "row"],
)
async def test_a_kept_total_that_was_tampered_with_is_named_and_rebuilt(
    floor: Floor, tamper: str, sentences: list[str]
) -> None:
    await floor.do(bring("a"))
    await floor.do(bring("b"))
    floor.sql(tamper)
    assert await floor.read(lambda session: differences(session, HERE, stall.trade, "here")) == sentences
    await floor.do(Rebuild(HERE, stall.trade))
    assert await floor.wrong() == []
