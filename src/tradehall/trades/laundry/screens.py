"""What people look at in a laundry: the board on a telephone, the line, a machine's page, the screen on the wall."""

from tradehall.kernel.screens import Board, Group, OwnPage, Screen
from tradehall.kernel.verbs import ANYBODY
from tradehall.trades.laundry.contract import PREFIX
from tradehall.trades.laundry.models import (
    Bulletin,
    Cycle,
    FaultReport,
    Holiday,
    Machine,
    Offer,
    Payment,
    Period,
    Resident,
    Room,
    WaitlistItem,
)
from tradehall.trades.laundry.roles import ADMIN, EVERYBODY, RESIDENT, STAFF

HERE = "{machine_type}/{number}"
MACHINES = f"{PREFIX}/machines"
ROOMS = f"{PREFIX}/rooms?limit=50&sort=name"
LINES = {"washers": f"{PREFIX}/waitlist/washer", "dryers": f"{PREFIX}/waitlist/dryer"}
FLOOR = {
    "machines": MACHINES, "bulletins": f"{PREFIX}/bulletins?limit=20", "rooms": ROOMS,
    "hours": f"{PREFIX}/hours", **LINES,
}  # fmt: skip
QUEUE = {each: f"{PREFIX}/waitlist/{each}" for each in ("join", "leave", "accept", "snooze", "resume")}
AT_MACHINE = {
    **{each: f"{MACHINES}/{each}" for each in ("start", "extend", "cancel", "end", "collect")},
    "confirm": f"{MACHINES}/{HERE}/confirm", "follow": f"{MACHINES}/{HERE}/follow",
    "unfollow": f"DELETE {MACHINES}/{HERE}/follow", "disable": f"{PREFIX}/admin/machines/{HERE}/disable",
    "maintain": f"{PREFIX}/admin/machines/{HERE}/maintenance", "empty": f"{PREFIX}/admin/machines/{HERE}/empty",
}  # fmt: skip
NOTICES = f"{PREFIX}/notifications"

home = OwnPage("", "board.html", by=RESIDENT, shows=FLOOR, is_kept=True)
office = OwnPage("", "office.html", by=STAFF, shows={"overview": f"{PREFIX}/admin/overview"})
floor = OwnPage("floor", "board.html", by=STAFF, shows=FLOOR, title="Floor", icon="boards", is_kept=True)
queue = OwnPage(
    "queue", "queue.html", by=EVERYBODY, title="Waitlist", icon="calendars", is_kept=True,
    shows={"machines": MACHINES, "rooms": ROOMS, **LINES},
    does=QUEUE | {"wish": f"{PREFIX}/wishes", "take_back": f"DELETE {PREFIX}/wishes/{{id}}"},
)  # fmt: skip
machine = OwnPage(
    f"wash/{HERE}", "wash.html", by=EVERYBODY, does=AT_MACHINE, is_kept=True,
    shows={"machine": f"{MACHINES}/{HERE}", "faults": f"{PREFIX}/faults/{HERE}", "rooms": f"{PREFIX}/rooms?limit=50",
           "profile": f"{PREFIX}/profile/me"},
)  # fmt: skip
fault = OwnPage(
    f"wash/{HERE}/fault", "fault.html", by=EVERYBODY, shows={"faults": f"{PREFIX}/faults/{HERE}"},
    does={"report": f"{PREFIX}/faults/report"}, answers=("report",), is_kept=True,
)  # fmt: skip
notices = OwnPage(
    "inbox", "notices.html", by=EVERYBODY, shows={"mine": f"{NOTICES}?limit=50"}, title="Notices", icon="table", is_kept=True,
    does={"all": f"PUT {NOTICES}/read-all", "read": f"PUT {NOTICES}/{{id}}/read", "remove": f"DELETE {NOTICES}/{{id}}"},
)  # fmt: skip
me = OwnPage(
    "me", "me.html", by=EVERYBODY, only_here=True, title="Me", icon="person", is_kept=True,
    shows={"profile": f"{PREFIX}/profile/me", "push": f"{PREFIX}/devices/key", "done": f"{PREFIX}/activities?mine=true&limit=10"},
    does={
        "update": f"PUT {PREFIX}/profile/update", "prefer": f"PUT {PREFIX}/profile/preferences",
        "register": f"{PREFIX}/devices", "unregister": f"{PREFIX}/devices/forget",
    },
)  # fmt: skip
statistics = OwnPage(
    "when", "statistics.html", by=EVERYBODY, title="When to wash", icon="calendars",
    shows={
        "by_hour": f"{PREFIX}/stats/usage?by=hour&days=28", "by_day": f"{PREFIX}/stats/usage?by=day&days=28",
        "washers": f"{PREFIX}/stats/best-times?machine_type=washer", "dryers": f"{PREFIX}/stats/best-times?machine_type=dryer",
    },
)  # fmt: skip
wall = OwnPage("wall", "wall.html", by=ANYBODY)
term = OwnPage(
    "term", "term.html", by=ADMIN, only_here=True, title="End of term", does={"end": f"{PREFIX}/admin/residents/end-term"}, answers=("end",),
)  # fmt: skip
codes = OwnPage("codes", "codes.html", by=STAFF, shows={"machines": MACHINES}, title="Codes for the machines")
states = Board(Machine, shows=("current_category", "ends_at", "held_until", "total_cycles"), title="Machines by state")
screens: tuple[Screen, ...] = (
    home, office, floor, queue, notices, me, statistics, codes, term, machine, fault, wall, states,
)  # fmt: skip
menu = (
    Group("Laundry", (floor, queue, statistics, notices, me)),
    Group("Running it", (states, FaultReport, Resident, Bulletin, Machine, Room, Holiday, Period, codes, term)),
    Group("Cycles", (Cycle, WaitlistItem, Offer, Payment), is_folded=True),
)
