"""Row 38 for the laundry: whatever a fuzzer makes of its OpenAPI document, no answer is a fault or other than it says."""

import re

import pytest

from tests.reliability.fuzzing import fuzzed
from tests.reliability.serving import Shop
from tests.reliability.walk import different, operations
from tests.reliability.walk_laundry import LAUNDRY

OWN = sorted({re.escape(each.contract.path) for each in different(operations(LAUNDRY))})
QUICK = ("--phases", "examples,fuzzing", "--generation-deterministic")


def test_row_38_no_request_to_what_is_the_laundry_s_own_breaks_it(real_laundry: Shop) -> None:
    fuzzed(real_laundry, real_laundry.serve(), 2, *QUICK, "--include-path-regex", f"^({'|'.join(OWN)})$")


@pytest.mark.soak
def test_row_38_a_hundred_requests_to_each_operation_of_the_laundry(real_laundry: Shop) -> None:
    fuzzed(real_laundry, real_laundry.serve(), 100)
