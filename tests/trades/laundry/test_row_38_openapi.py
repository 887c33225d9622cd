"""Row 38 for the laundry: whatever a fuzzer makes of its OpenAPI document, no answer is a fault or other than it says."""

import pytest

from tests.reliability.fuzzing import fuzzed
from tests.reliability.serving import Shop


@pytest.mark.soak
def test_row_38_no_request_by_the_document_or_against_it_breaks_the_laundry(real_laundry: Shop) -> None:
    fuzzed(real_laundry, real_laundry.serve(), 2, "--phases", "examples,fuzzing", "--generation-deterministic")
