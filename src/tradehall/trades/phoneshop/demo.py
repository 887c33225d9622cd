"""A believable phone shop in Accra to look at."""

from datetime import timedelta
from decimal import Decimal

from tradehall.kernel.context import Context
from tradehall.trades.phoneshop import rules, swaps
from tradehall.trades.phoneshop.models import Condition, Phone
from tradehall.trades.phoneshop.rules import CustomerForm, NewSale, PhoneForm
from tradehall.trades.phoneshop.swaps import NewSwap

CUSTOMERS = (
    ("Ama Owusu", "0241234567", "ama.owusu@example.com"), ("Kofi Mensah", "0201112223", None),
    ("Abena Asante", "0553334445", "abena@example.com"), ("Yaw Boateng", "0277778889", None),
    ("Efua Addo", "0246667778", None), ("Kwame Nkansah", "0509990001", "kwame.n@example.com"),
)  # fmt: skip
PHONES = (
    ("Samsung", "Galaxy A55", Condition.NEW, 5200, 4400, "490154203237518"),
    ("Apple", "iPhone 13", Condition.USED, 6100, 5200, None), ("Tecno", "Camon 30", Condition.NEW, 2900, 2350, None),
    ("Infinix", "Hot 40", Condition.NEW, 1750, 1400, None), ("Apple", "iPhone 11", Condition.REFURBISHED, 3300, 2700, None),
    ("Samsung", "Galaxy S22", Condition.USED, 4800, 4000, None), ("Xiaomi", "Redmi Note 13", Condition.NEW, 2600, 2150, None),
    ("Nokia", "G42", Condition.NEW, 1900, 1550, None),
)  # fmt: skip
SWAPPED = (("Samsung", "Galaxy A34", 1200, 5, 3500, 3), ("Apple", "iPhone XR", 1500, 7, 400, 1))
"""Brand and model of the phone that comes in, what it is taken for, the phone that goes out, the balance, and who gets it."""
SOLD = ((0, 1, Decimal(100)), (2, 3, Decimal(0)), (4, 6, Decimal(50)))


def week(ctx: Context) -> None:
    """Customers, a stock of phones, and the sales and swaps of a week."""
    end = ctx.now
    ctx.now = end - timedelta(days=7)
    people = [ctx.do(rules.register, CustomerForm.of(full_name=n, phone_number=p, email=e)) for n, p, e in CUSTOMERS]
    stock: list[Phone] = [
        ctx.do(rules.stock, PhoneForm.of(brand=b, model=m, condition=c, value=v, cost_price=cost, imei=imei))
        for b, m, c, v, cost, imei in PHONES
    ]
    for number, (who, what, discount) in enumerate(SOLD):
        ctx.now = end - timedelta(days=5 - 2 * number)
        order = NewSale(
            customer_id=people[who].id,
            phone_id=stock[what].id,
            original_price=stock[what].value,
            discount_amount=discount,
        )
        ctx.do(rules.sell, order)
    for number, (brand, model, allowance, what, balance, who) in enumerate(SWAPPED):
        ctx.now = end - timedelta(hours=20 - 15 * number)
        ctx.do(
            swaps.swap,
            NewSwap(
                customer_id=people[who].id,
                given_phone_description=f"{brand} {model}",
                given_phone_brand=brand,
                given_phone_model=model,
                given_phone_value=Decimal(allowance),
                new_phone_id=stock[what].id,
                balance_paid=Decimal(balance),
            ),
        )
    ctx.now = end
