"""What the people of the shop look at, and how their menu is grouped."""

from tradehall.kernel.screens import Board, Calendar, Chart, Group, OwnPage, Screen
from tradehall.kernel.verbs import ANYBODY
from tradehall.trades.phoneshop.checkout import Checkout
from tradehall.trades.phoneshop.counts import StockCount
from tradehall.trades.phoneshop.devices import BlockedDevice
from tradehall.trades.phoneshop.measures import repairs_earned, sales_made, swaps_made
from tradehall.trades.phoneshop.models import Customer, Phone, Refund, Repair, RepairStatus, Sale, Swap
from tradehall.trades.phoneshop.parts import SparePart
from tradehall.trades.phoneshop.purchases import Purchase
from tradehall.trades.phoneshop.roles import STAFF
from tradehall.trades.phoneshop.till import Drawer, Expense, Movement, Withdrawal

bench = Board(
    Repair,
    shows=("repair_number", "customer_id", "issue_description", "due_date", "technician_id", "balance_due"),
    until=(RepairStatus.DELIVERED,),
    title="Workbench",
)
due = Calendar(Repair, on="due_date", title="Due days")
shelf = Board(
    Phone, shows=("condition", "imei", "value"), until=("SOLD", "SWAPPED", "RETURNED"), title="Stock by state"
)
charts = (
    Chart(sales_made, title="Sales"), Chart(swaps_made, title="Cash of swaps"), Chart(repairs_earned, title="Repairs done"),
)  # fmt: skip
home = OwnPage("", "home.html", by=STAFF, shows={"desk": "/api/desk"})
till = OwnPage("till", "till.html", by=STAFF, shows={"facts": "/api/till"}, title="Till", icon="till")
drawer = OwnPage(
    "drawer", "drawer.html", by=STAFF, title="Cash drawer", icon="money", shows={"day": "/api/day"},
    does={"open": "/api/drawers", "close": "/api/drawers/{drawer}/close"},
)  # fmt: skip
links = (
    OwnPage(
        "r/{token}", "repair.html", by=ANYBODY, title="Your repair", shows={"repair": "/r/{token}"},
        does={"decide": "POST /r/{token}/estimate", "pay": "POST /r/{token}/payments"},
    ),
    OwnPage("p/{token}", "passport.html", by=ANYBODY, title="Device passport", shows={"passport": "/p/{token}"}),
)  # fmt: skip
"""What the links of customers open, without signing in."""
screens: tuple[Screen, ...] = (home, till, drawer, bench, due, shelf, *charts, *links)
menu = (
    Group("Counter", (till, Phone, Customer, Sale, Swap)),
    Group("Workshop", (bench, due, Repair, SparePart)),
    Group("Money", (drawer, Drawer, Expense, Movement, Withdrawal, Refund, Checkout)),
    Group("Stock", (shelf, Purchase, StockCount, BlockedDevice)),
)
