"""The workshop: everything about repairs that the manifest gathers."""

from tradehall.trades.phoneshop import (
    estimates,
    messages,
    parts,
    public,
    repair_money,
    repairs,
    terms,
    warranty,
    workload,
)  # fmt: skip

settings = terms.settings
resources = (*repairs.resources, *parts.resources)
paths = (
    *repairs.paths,
    *parts.paths,
    *estimates.paths,
    *warranty.paths,
    *repair_money.paths,
    *workload.paths,
    *messages.paths,
    *public.paths,
)
