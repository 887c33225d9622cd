"""Row 38: whatever a fuzzer makes of the OpenAPI document, no answer is a fault or other than the document says."""

from tests.reliability.fuzzing import fuzzed
from tests.reliability.serving import Shop


def test_row_38_no_request_by_the_document_or_against_it_breaks_the_shop(real_shop: Shop) -> None:
    fuzzed(real_shop, real_shop.serve(), 2, "--phases", "examples,fuzzing", "--generation-deterministic")
