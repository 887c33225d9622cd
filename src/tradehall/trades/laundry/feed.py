"""What happened in the house, and what is told as it happens (spec R-13)."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field as Limit

from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.errors import Denied
from tradehall.kernel.feed import Happening
from tradehall.kernel.live import Live, Message
from tradehall.kernel.notices.ledger import Notice
from tradehall.kernel.preferences import ZONE
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.verbs import ANYBODY
from tradehall.trades.laundry import notifications, views
from tradehall.trades.laundry.faults import counted
from tradehall.trades.laundry.models import (
    MACHINES,
    Activity,
    FaultReport,
    Machine,
    MachineType,
    WaitlistItem,
)
from tradehall.trades.laundry.notifications import Page
from tradehall.trades.laundry.roles import EVERYBODY, STAFF
from tradehall.trades.laundry.telling import language_for

Answer = dict[str, Any]
NEWEST = find(Activity).by(Activity.table.c.created_at.desc(), Activity.table.c.id.desc())


class OfUser(Page):
    """Whose activities are asked for."""

    user_id: Annotated[int, Limit(ge=1, le=LARGEST_ID)]


class Feed(Page):
    """Which part of the feed is asked for: of the house, or `mine` alone."""

    mine: bool = False


@report(by=EVERYBODY)
def activities(reader: Reader, page: Feed) -> Answer:
    """What happened in the house, the newest first."""
    wanted = NEWEST.where(Activity.user_id == reader.actor.user_id) if page.mine else NEWEST
    rows = reader.all(wanted.first(page.limit).skip(page.offset))
    return {"activities": [views.activity(each) for each in rows], "total": reader.count(wanted)}


@report(by=EVERYBODY)
def of_user(reader: Reader, page: OfUser) -> Answer:
    """What somebody did: you, or, for the staff, anybody."""
    if page.user_id != reader.actor.user_id and not reader.actor.may(STAFF):
        raise Denied("These are somebody else's activities")
    theirs = NEWEST.where(Activity.user_id == page.user_id)
    rows = reader.all(theirs.first(page.limit).skip(page.offset))
    return {"activities": [views.activity(each) for each in rows], "total": reader.count(theirs)}


# As it happens.


def tells(reader: Reader, happening: Happening) -> Iterator[Message]:
    """Machines, queues, the feed and faults for everybody; notifications for whom they are."""
    queues: dict[str, None] = {}
    for change in happening.changes:
        if change.entity == Machine.table.name:
            yield from _of_machine(reader, change.record_id)
        elif change.entity == WaitlistItem.table.name:
            if (item := reader.find(WaitlistItem, change.record_id)) is not None:
                queues[item.machine_type] = None
        elif change.entity == Activity.table.name:
            if (row := reader.find(Activity, change.record_id)) is not None:
                yield Message("activity_logged", views.activity(row), by=ANYBODY, topic="activities")
        elif change.entity == FaultReport.table.name and change.operation == "add":
            yield from _of_fault(reader, change.record_id)
        elif change.entity == Notice.table.name and change.operation == "add":
            yield from _of_notice(reader, change.record_id)
    for kind in queues:
        data = views.line(reader, MachineType(kind), whole=False)
        yield Message("waitlist_update", data, by=ANYBODY, topic="waitlist", more={"machine_type": kind})


def _of_machine(reader: Reader, machine_id: int) -> Iterator[Message]:
    if (machine := reader.find(Machine, machine_id)) is not None:
        yield Message("machine_update", views.shown(machine, reader.now), by=ANYBODY, topic="machines")


def _of_fault(reader: Reader, fault_id: int) -> Iterator[Message]:
    """That there is one: what it says and its photo are for its reporter and the staff (spec R-12)."""
    if (fault := reader.find(FaultReport, fault_id)) is not None:
        machine = reader.get(Machine, fault.machine_id)
        data = {
            "id": fault.id, "machine_id": machine.number, "machine_type": machine.machine_type,
            "report_count": counted(reader, machine), "is_disabled": not machine.enabled, "created_at": fault.created_at,
        }  # fmt: skip
        yield Message("fault_reported", data, by=ANYBODY, topic="faults")


def _of_notice(reader: Reader, notice_id: int) -> Iterator[Message]:
    notice = reader.find(Notice, notice_id)
    if notice is not None and notice.of_trade == reader.trade.name:
        [about] = notifications.about(reader, [notice])
        data = notifications.shown(reader, notice, about, language_for(reader, notice.person_id))
        yield Message("notification_received", data, to=notice.person_id, topic="notifications")


def board(reader: Reader) -> Answer:
    """Every machine of each kind, as whoever asks sees them."""
    found = [views.shown_to(reader, each) for each in reader.all(MACHINES)]
    return {
        "washers": [each for each in found if each["machine_type"] == MachineType.WASHER],
        "dryers": [each for each in found if each["machine_type"] == MachineType.DRYER],
    }


def snapshot(reader: Reader) -> Answer:
    """The whole board: machines and both queues."""
    queues = {kind.value: views.line(reader, kind) for kind in MachineType}
    more: Answer = {}
    if reader.actor.user_id:
        more = {"unread_count": notifications.unread(reader)}
    return (
        board(reader) | {"waitlists": queues, "server_time": reader.now, "zone": reader.preferences[ZONE.name]} | more
    )


live = Live("/api/ws", tells, snapshot, public=True, most=1000, most_env="max_active_connections")


def seed(ctx: Context) -> None:
    """Six washers and six dryers, where there is no machine yet (spec R-20)."""
    if ctx.first(MACHINES) is None:
        with ctx.happening("machine.seed"):
            for kind in MachineType:
                for number in range(1, 7):
                    ctx.add(Machine(machine_type=kind, number=number))
