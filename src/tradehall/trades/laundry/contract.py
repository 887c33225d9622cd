"""The paths of KY Wash's contract."""

from typing import Any

from sqlalchemy import ColumnElement

from tradehall.kernel.contracts import Contract, Info
from tradehall.kernel.errors import Invalid, Problem
from tradehall.kernel.people import admin
from tradehall.kernel.people.paths import DRY, service
from tradehall.kernel.resources import Filter, Resource
from tradehall.kernel.verbs import own
from tradehall.trades.laundry import (
    board,
    cycles,
    faults,
    feed,
    notifications,
    overview,
    people,
    pushes,
    queue,
    residents,
    stats,
    views,
    wishes,
)
from tradehall.trades.laundry.models import (
    Bulletin,
    Cycle,
    Device,
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
from tradehall.trades.laundry.photos import LARGEST_BODY
from tradehall.trades.laundry.roles import ADMIN, EVERYBODY, RESIDENT, STAFF

PREFIX = "/api/v1"
REFUSALS = dict.fromkeys(
    (
        "machine_busy", "machine_state", "reserved", "limit_reached", "in_grace", "invalid_type", "waiting_already",
        "nothing_offered", "offer_over", "offered", "free_already", "too_many_reports", "illegal_move", "balance_too_low", "days_wrong",
    ),
    400,
)  # fmt: skip
"""What the business refuses is 400 in this contract."""


def error_body(problem: Problem, status: int) -> dict[str, Any]:
    """`{"detail", "status_code", "error_code"}`, with each field where the request is malformed."""
    found: dict[str, Any] = {"detail": problem.sentence, "status_code": status, "error_code": problem.code}
    return found | {"errors": problem.errors} if isinstance(problem, Invalid) else found


def _at(method: str, path: str, does: Any, **more: Any) -> Contract:
    return Contract(method, f"{PREFIX}{path}", does, **more)


def is_here(wanted: bool) -> ColumnElement[bool] | None:
    """The condition of `?is_here=true`: who has not left; `false` lists who has."""
    return Resident.left_at.is_(None) if wanted else Resident.left_at.is_not(None)


OWN = (own(RESIDENT), *STAFF)
resources = (
    Resource(Machine, by=EVERYBODY, create=ADMIN, edit=ADMIN, delete=ADMIN, form=("machine_type", "number", "room_id"),
             sort=("number", "machine_type", "created_at"), filters=("machine_type", "status", "room_id")),
    Resource(Cycle, by=OWN, filters=("machine_type", "status", "machine_id")),
    Resource(FaultReport, by=OWN, filters=("machine_type", "machine_id")),
    Resource(Room, by=EVERYBODY, write=ADMIN, sort=("name", "created_at")),
    Resource(Holiday, by=EVERYBODY, write=ADMIN, sort=("date", "created_at")),
    Resource(Period, by=EVERYBODY, write=ADMIN, sort=("first_day", "created_at")),
    Resource(Bulletin, by=EVERYBODY, write=STAFF),
    Resource(WaitlistItem, by=OWN, filters=("machine_type",)),
    Resource(Offer, by=OWN, filters=("machine_type",)),
    Resource(Payment, by=OWN, filters=("what", "user_id", "cycle_id")),
    Resource(Device, by=own(RESIDENT), columns=("id", "created_at"), delete=own(RESIDENT)),
    Resource(
        Resident, by=OWN, create=residents.admit, edit=residents.correct, same=residents.same,
        sort=("created_at", "student_id"), filters=("student_id", Filter("is_here", bool, is_here)),
        table=("student_id", "phone_number", "email", "left_at"), errors=dict(REFUSALS, name_taken=400),
    ),
)  # fmt: skip
_entry = {"name": "KY Wash API", "docs": "/api/docs", "health": "/api/health", "websocket": "/api/ws"}
_info = Info("What this is, and where its documentation is.", lambda facts: _entry | {"version": facts["app_version"]})
_health = Info("Whether the process lives, and how many listen.", lambda facts: {
    "status": "healthy", "timestamp": facts["now"], "version": facts["app_version"], "active_connections": facts["listening"],
})  # fmt: skip
MACHINE = "/machines/{machine_type}/{number}"
paths = (
    Contract("GET", "/", _info),
    Contract("GET", "/api", _info),
    Contract("GET", "/api/health", _health),
    _at("GET", "/machines", board.machines),
    _at("GET", MACHINE, board.machine, finds=views.named),
    _at("POST", "/machines/start", cycles.start),
    _at("POST", "/machines/cancel", cycles.cancel),
    _at("POST", "/machines/end", cycles.end),
    _at("POST", "/machines/extend", cycles.extend),
    _at("POST", "/machines/collect", cycles.collect, largest_body=LARGEST_BODY),
    _at("POST", f"{MACHINE}/confirm", board.confirm, finds=views.named),
    _at("POST", f"{MACHINE}/follow", board.follow, finds=views.named),
    _at("DELETE", f"{MACHINE}/follow", board.unfollow, finds=views.named),
    _at("GET", "/hours", board.opening_hours),
    _at("GET", "/waitlist/{machine_type}", board.waitlist),
    _at("POST", "/waitlist/join", queue.join),
    _at("POST", "/waitlist/leave", queue.leave),
    _at("POST", "/waitlist/accept", queue.accept),
    _at("POST", "/waitlist/snooze", queue.snooze),
    _at("POST", "/waitlist/resume", queue.resume),
    _at("GET", "/wishes", wishes.listed),
    _at("POST", "/wishes", wishes.ask, status=201),
    _at("DELETE", "/wishes/{id}", wishes.take_back),
    _at("POST", "/faults/report", faults.report_fault, largest_body=LARGEST_BODY),
    _at("GET", "/faults", faults.all_faults),
    _at("GET", "/faults/{machine_type}/{number}", faults.of_machine, finds=views.named),
    _at("GET", "/activities", feed.activities),
    _at("GET", "/activities/user/{user_id}", feed.of_user),
    _at("GET", "/stats/usage", stats.usage),
    _at("GET", "/stats/best-times", stats.best_times),
    _at("GET", "/profile/me", people.me),
    _at("PUT", "/profile/update", people.update),
    _at("PUT", "/profile/preferences", people.prefer),
    _at("POST", "/devices", pushes.register, status=201),
    _at("GET", "/devices/key", pushes.KEY),
    _at("POST", "/devices/forget", pushes.unregister),
    _at("GET", "/notifications", notifications.listed),
    _at("PUT", "/notifications/read-all", notifications.READ_ALL),
    _at("PUT", "/notifications/{id}/read", notifications.READ, finds=notifications.named),
    _at("DELETE", "/notifications/{id}", notifications.REMOVE, finds=notifications.named),
    _at("GET", "/admin/overview", overview.floor),
    _at("POST", f"/admin{MACHINE}/enable", faults.enable, finds=views.named),
    _at("POST", f"/admin{MACHINE}/disable", faults.disable, finds=views.named),
    _at("POST", f"/admin{MACHINE}/maintenance", faults.maintain, finds=views.named),
    _at("POST", f"/admin{MACHINE}/empty", faults.empty, finds=views.named),
    _at("POST", "/admin/faults/{id}/resolve", faults.resolve),
    _at("POST", "/admin/rooms", resources[3].creates, status=201),
    _at("POST", "/admin/residents/end-term", residents.end_term),
    _at("GET", "/admin/users", service("users", ADMIN, admin.users)),
    _at("POST", "/admin/users/{user_id}/reset-pin", service("link", ADMIN, admin.link_user, query=DRY), status=201),
)
