"""What the people of the shop look at, and how their menu is grouped."""

from tradehall.kernel.screens import Board, Calendar, Chart, Group, OwnPage, Screen, Section
from tradehall.kernel.verbs import ANYBODY
from tradehall.trades.phoneshop.counts import StockCount
from tradehall.trades.phoneshop.devices import BlockedDevice
from tradehall.trades.phoneshop.measures import repairs_earned, sales_made, swaps_made
from tradehall.trades.phoneshop.models import Customer, Phone, Refund, Repair, RepairStatus, Sale, Swap
from tradehall.trades.phoneshop.parts import SparePart
from tradehall.trades.phoneshop.payments import Checkout
from tradehall.trades.phoneshop.purchases import Purchase
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF
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
till = OwnPage(
    "till", "till.html", by=STAFF, shows={"facts": "/api/till"}, title="Till", icon="till", is_kept=True,
    asks=(
        "GET /api/phones", "GET /api/customers", "POST /api/customers", "POST /api/swaps/quote", "POST /api/swaps",
        "POST /api/checkouts", "POST /api/purchases", "POST /api/repairs", "POST /api/repairs/{repair}/payments",
    ),
)  # fmt: skip
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
prices = OwnPage(
    "prices", "prices.html", by=STAFF, title="Price list",
    shows={"prices": "/api/price-list?brand={brand}&condition={condition}"},
)  # fmt: skip
count = OwnPage(
    "count", "count.html", by=STAFF, title="Count the stock", icon="box", shows={"count": "/api/count"},
    does={
        "begin": "/api/stock-counts", "scan": "/api/stock-counts/{count}/scan", "close": "/api/stock-counts/{count}/close",
    },
)  # fmt: skip
sections = (
    Section(Phone, "phone-life.html", {"life": "/api/phones/{id}/life"}),
    Section(Customer, "customer-story.html", {"story": "/api/customers/{id}/story"}),
    Section(Repair, "repair-folder.html", {"folder": "/api/repairs/{id}/folder"}),
)
# The ten analytics, a page each: its address, what it is called, the operation.
PAGES = (
    ("", "overview", "Overview", "overview"), ("/today", "summary", "At a glance", "dashboard-summary"),
    ("/week", "week", "The week", "weekly-stats"), ("/month", "month", "The month", "monthly-stats?year={year}&month={month}"),
    ("/customers", "people", "Customer insights", "customer-insights"), ("/repairs", "repairs", "Repair figures", "repair-statistics"),
    ("/swaps", "swaps", "Swap figures", "swap-analytics"), ("/sales", "sales", "Sales figures", "sales-analytics"),
    ("/stock", "stock", "Stock figures", "inventory-report"), ("/profit", "profit", "Profit and loss", "profit-loss?swaps_before={swaps_before}&sales_before={sales_before}"),
)  # fmt: skip
figures = tuple(
    OwnPage(
        f"figures{at}", "figures.html", by=MANAGERS, title=title, icon="chart", shows={name: f"/api/analytics/{of}"}
    )
    for at, name, title, of in PAGES
)
screens: tuple[Screen, ...] = (
    home,
    till,
    drawer,
    prices,
    count,
    bench,
    due,
    shelf,
    *charts,
    *sections,
    *figures,
    *links,
)
menu = (
    Group("Counter", (till, Phone, Customer, Sale, Swap, prices)),
    Group("Workshop", (bench, due, Repair, SparePart)),
    Group("Money", (drawer, Drawer, Expense, Movement, Withdrawal, Refund, Checkout)),
    Group("Goods", (shelf, count, Purchase, StockCount, BlockedDevice)),
    Group("Figures", figures, is_folded=True),
)
