"""Row 23 in full: killed at a hundred points between a sale's commit and its receipt."""

import pytest

from tests.adapters.providers import fake_twilio
from tests.reliability.serving import Shop
from tests.reliability.texting import Deadly, killed_while_it_texts

pytestmark = pytest.mark.soak


async def test_row_23_100_kills_lose_no_message_and_send_none_twice(real_shop: Shop) -> None:
    async with fake_twilio(Deadly()) as provider:
        await killed_while_it_texts(real_shop, provider, kills=100)
