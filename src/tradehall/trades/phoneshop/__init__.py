"""The phone shop: phones bought, sold, swapped and repaired (SwapSync)."""

from tradehall.kernel.preferences import based
from tradehall.kernel.trade import Trade
from tradehall.trades.phoneshop import (
    attempts,
    contract,
    demo,
    devices,
    guard,
    reports,
    screens,
    swapsync,
    tax,
    workshop,
)
from tradehall.trades.phoneshop.papers import papers
from tradehall.trades.phoneshop.roles import CLERK, MANAGER, OWNER, TECHNICIAN
from tradehall.trades.phoneshop.templates import templates

trade = Trade(
    "phoneshop",
    title="SwapSync",
    roles=(CLERK, TECHNICIAN, MANAGER, OWNER),
    resources=contract.resources,
    contract=contract.paths,
    settings=(
        *based("Africa/Accra", "GHS", "GH"),
        *tax.settings,
        *attempts.settings,
        *reports.settings,
        *devices.settings,
        *guard.settings,
        *workshop.settings,
    ),
    sms_inbound="/api/sms/inbound",
    templates=templates,
    papers=papers,
    screens=screens.screens,
    menu=screens.menu,
    demo=demo.two_years,
    foreign=(swapsync.system,),
)  # fmt: skip

__all__ = ["trade"]
