"""What is counted about this process, for whoever watches it: Prometheus's own metrics, cheap enough for every request."""

from bisect import bisect_left
from collections import Counter

from prometheus_client import Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library says no types here

BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 5.0)
REQUESTS = Histogram(
    "tradehall_request_seconds",
    "How long requests took, by route template and status.",
    ("trade", "method", "route", "status"),
    buckets=BUCKETS,
)
GROUPS = Histogram(
    "tradehall_units_in_a_group",
    "Units that shared a commit; the sum is all units, the count all commits.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
CONNECTIONS = Gauge("tradehall_connections", "Open connections.", ("kind",), multiprocess_mode="livesum")


def observe_all(meter: Histogram, found: list[float]) -> None:
    """Observe many at once, as `Histogram.observe` does with one, whose locks cost more than all the rest."""
    meter._sum.inc(sum(found))
    for place, times in Counter(bisect_left(BUCKETS, each) for each in found).items():
        meter._buckets[place].inc(times)
