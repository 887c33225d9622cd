"""Row 38 in full: a hundred requests to each operation, every corner of its schema, and chains of operations."""

import pytest

from tests.reliability.conftest import durable_postgres, real_shop
from tests.reliability.fuzzing import fuzzed
from tests.reliability.serving import Shop

__all__ = ["durable_postgres", "real_shop"]
pytestmark = pytest.mark.soak


def test_row_38_a_hundred_requests_to_each_operation(real_shop: Shop) -> None:
    fuzzed(real_shop, real_shop.serve(), 100)
