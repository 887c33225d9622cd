"""How the workshop does: who has how much to do, and how long a repair takes."""

from decimal import Decimal
from typing import Any

from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.reader import Reader
from tradehall.kernel.reports import DayOf, Part, Parts, Total, measure
from tradehall.trades.phoneshop.messages import DONE
from tradehall.trades.phoneshop.models import Repair, RepairStatus
from tradehall.trades.phoneshop.parts import Reason, RepairPart
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF


@measure(Repair)
def technicians_jobs(repair: Repair, day_of: DayOf) -> Parts:
    """Repairs by technician and status (`7:Pending`; `-` is nobody), by the day on which they were booked."""
    yield Part(f"{repair.technician_id or '-'}:{repair.status}", repair.cost, day_of(repair.created_at))


@measure(Repair)
def turnaround(repair: Repair, day_of: DayOf) -> Parts:
    """The hours from booking to completion, by technician and the day of completion."""
    if repair.status in DONE and repair.completed_at is not None:
        hours = Decimal(int((repair.completed_at - repair.created_at).total_seconds())) / 3600
        yield Part(f"{repair.technician_id or '-'}", hours.quantize(Decimal("0.01")), day_of(repair.completed_at))


@measure(RepairPart)
def parts_taken(line: RepairPart, day_of: DayOf) -> Parts:
    """What repairs took, by the reason, at cost, and the day."""
    yield Part(Reason(line.reason), line.unit_cost * line.quantity, day_of(line.created_at), line.quantity)


@report(by=STAFF, quick=True)
def technician_workload(ctx: Reader) -> list[dict[str, Any]]:
    """What each technician has in hand and has done, and how long a repair takes them on average."""
    jobs, hours = ctx.totals(technicians_jobs), ctx.totals(turnaround)
    found = []
    for who in sorted({name.partition(":")[0] for name, total in jobs.items() if total.count}):
        mine = {status: jobs.get(f"{who}:{status}", Total()) for status in RepairStatus}
        earned, took = sum((mine[each].amount for each in DONE), Decimal(0)), hours.get(who, Total())
        found.append(
            {
                "technician_id": None if who == "-" else int(who),
                "pending": mine[RepairStatus.PENDING].count,
                "in_progress": mine[RepairStatus.IN_PROGRESS].count,
                "completed": mine[RepairStatus.COMPLETED].count,
                "delivered": mine[RepairStatus.DELIVERED].count,
                "earned": earned if ctx.actor.may(MANAGERS) else None,
                "average_hours": round(took.amount / took.count, 2) if took.count else None,
            }
        )
    return found


paths = (Contract("GET", "/api/analytics/technician-workload", technician_workload),)
