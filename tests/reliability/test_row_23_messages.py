"""Row 23: a shop that is killed while it texts loses no message, and sends none twice."""

from tests.adapters.providers import fake_twilio
from tests.reliability.serving import Shop
from tests.reliability.texting import Deadly, killed_while_it_texts


async def test_row_23_killed_amid_a_message_none_is_lost_and_none_is_sent_twice(real_shop: Shop) -> None:
    async with fake_twilio(Deadly()) as provider:
        await killed_while_it_texts(real_shop, provider, kills=3)
