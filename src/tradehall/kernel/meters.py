"""What is counted about this process, for whoever watches it: Prometheus's own metrics, cheap enough for every request."""

from prometheus_client import Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = Histogram(
    "tradehall_request_seconds",
    "How long requests took, by route template and status.",
    ("trade", "method", "route", "status"),
    buckets=(0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 5.0),
)
GROUPS = Histogram(
    "tradehall_units_in_a_group",
    "Units that shared a commit; the sum is all units, the count all commits.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
CONNECTIONS = Gauge("tradehall_connections", "Open connections.", ("kind",), multiprocess_mode="livesum")
