"""The search over everything, where most ids between the first row and the last are somebody else's."""

import sqlalchemy as sa

from tests.running import Application, Place
from tests.web.looking import Looker, text
from tradehall.kernel.context import Context
from tradehall.trades.phoneshop.models import Customer
from tradehall.web.face.finding import LOOKED_THROUGH


async def test_p_28_what_is_called_so_is_found_however_far_apart_its_rows_are(
    application: Application, shop: Place
) -> None:
    for name, number in (("Ama Owusu", "0241234567"), ("Ama Mensah", "0241234568")):
        made = await shop.clerk.post("/api/customers/", json={"full_name": name, "phone_number": number})
        assert made.status_code == 201

    def move(ctx: Context) -> None:
        far = sa.update(Customer.table).where(Customer.table.c.full_name == "Ama Mensah")
        ctx.session.execute(far.values(id=3 * LOOKED_THROUGH))

    await shop.work(move)
    async with Looker(application, shop.owner) as owner:
        found = text(await owner.see("/-/search?q=ama"))
        assert ("Ama Owusu" in found, "Ama Mensah" in found) == (True, True)
        assert "Ama Owusu" not in text(await owner.see("/-/search?q=mensah"))
