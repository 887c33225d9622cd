"""The laundry: machines, cycles, a fair queue, and everything as it happens (KY Wash)."""

from tradehall.kernel.preferences import based
from tradehall.kernel.trade import Trade
from tradehall.trades.laundry import contract, demo, feed, paying, people, privacy, screens, telling, terms
from tradehall.trades.laundry.roles import EVERYBODY

trade = Trade(
    "laundry",
    title="KY Wash",
    roles=EVERYBODY,
    resources=contract.resources,
    contract=contract.paths,
    screens=screens.screens,
    menu=screens.menu,
    settings=(
        *based("Asia/Kuala_Lumpur", "MYR", "MY"),
        *terms.settings,
    ),
    templates=telling.templates,
    sign_in=people.sign_in,
    register=people.register,
    prefix=contract.PREFIX,
    error_body=contract.error_body,
    errors=contract.REFUSALS,
    token_minutes=1440,
    docs=("/api/docs", "/api/redoc", "/api/openapi.json"),
    live=feed.live,
    begin=feed.seed,
    demo=demo.term,
    proofs=(paying.unequal,),
)  # fmt: skip

__all__ = ["privacy", "trade"]
