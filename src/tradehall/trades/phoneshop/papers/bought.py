"""Papers of what was sold, swapped and bought."""

from decimal import Decimal

from tradehall.kernel.papers import Sheet, Writing
from tradehall.trades.phoneshop.models import Sale, Swap, TaxMode
from tradehall.trades.phoneshop.papers.devices import link_of
from tradehall.trades.phoneshop.papers.parts import (
    NOTHING,
    about_tax,
    at_counter,
    called,
    paid_later,
    served,
    settled,
    taxed,
    who,
)
from tradehall.trades.phoneshop.payments import Checkout
from tradehall.trades.phoneshop.purchases import Purchase

Rows = list[list[str]]


def of_sale(writing: Writing, sale: Sale) -> Sheet:
    """The receipt of a sale: what it cost, what was paid of it and how, and what is still due."""
    sheet = _begun(writing, sale, writing.pen.say("Receipt"))
    sheet.rows, total = _lines_of_sale(writing, sale), sale.original_price - sale.discount_amount
    sheet.totals = [(writing.pen.say("Total"), writing.pen.money(total))]
    sheet.totals += taxed(writing, sale.tax_mode, sale.tax_amount)
    ways = [*at_counter(writing, sale, sale.counter_amount), *paid_later(writing, sale)]
    due = NOTHING if sale.returned_at is not None else sale.balance_due
    sheet.totals += settled(writing, sale.amount_paid, due, sale.refunded_amount, ways)
    sheet.notes = [*_after(writing, sale), *about_tax(writing, sale.tax_mode)]
    if sale.returned_at is None:
        sheet.code, sheet.code_note = (
            link_of(writing, sale),
            writing.pen.say("Scan this for the passport of your phone."),
        )
    return sheet


def of_swap(writing: Writing, swap: Swap) -> Sheet:
    """The receipt of a swap: the phone that went out, the one that was given for it, and the balance."""
    sheet = _begun(writing, swap, writing.pen.say("Receipt"))
    sheet.rows = _lines_of_swap(writing, swap)
    sheet.totals = list(at_counter(writing, swap, swap.balance_paid))
    if swap.refunded_amount:
        sheet.totals.append((writing.pen.say("Refunded"), writing.pen.money(swap.refunded_amount)))
    sheet.totals.append((writing.pen.say("Balance paid"), writing.pen.money(swap.balance_paid)))
    sheet.notes = [*_after(writing, swap), *about_tax(writing, swap.tax_mode)]
    return sheet


def invoice_of_sale(writing: Writing, sale: Sale) -> Sheet:
    """The invoice of a sale."""
    sheet = _begun(writing, sale, writing.pen.say("Invoice"))
    sheet.rows = _lines_of_sale(writing, sale)
    _charged(writing, sheet, sale, sale.original_price - sale.discount_amount)
    sheet.notes = [*_after(writing, sale), *sheet.notes]
    return sheet


def invoice_of_swap(writing: Writing, swap: Swap) -> Sheet:
    """The invoice of a swap: the whole price is the allowance and the balance (spec R-16)."""
    sheet = _begun(writing, swap, writing.pen.say("Invoice"))
    sheet.rows = _lines_of_swap(writing, swap)[:1]
    _charged(writing, sheet, swap, swap.total_transaction_value)
    paid = writing.pen.say("Paid with {phone}", phone=swap.given_phone_description)
    sheet.notes = [f"{paid}: {writing.pen.money(swap.given_phone_value)}", *_after(writing, swap), *sheet.notes]
    return sheet


def of_checkout(writing: Writing, made: Checkout) -> Sheet:
    """The receipt of several phones in one go."""
    pen, reader = writing.pen, writing.reader
    sheet = Sheet(pen.say("Receipt"), made.number, _when(writing, made), [pen.say("Item"), pen.say("Amount")])
    sales = [reader.get(Sale, each) for each in made.sale_ids]
    swap = reader.get(Swap, made.swap_id) if made.swap_id is not None else None
    if swap is not None:
        sheet.rows += _lines_of_swap(writing, swap)[:1]
    for sale in sales:
        sheet.rows += _lines_of_sale(writing, sale)
    sheet.totals = [(pen.say("Total"), pen.money(made.total_amount))]
    mode = (sales[0] if sales else swap or made).values.get("tax_mode", TaxMode.NONE)
    sheet.totals += taxed(writing, mode, made.tax_amount)
    if swap is not None:
        given = pen.say("Your phone: {phone}", phone=swap.given_phone_description)
        sheet.totals.append((given, pen.money(-made.trade_in_amount)))
    back = sum((each.refunded_amount for each in sales), swap.refunded_amount if swap is not None else NOTHING)
    sheet.totals += settled(writing, made.paid_amount, made.balance_due, back, ())
    sheet.notes = about_tax(writing, mode)
    return sheet


def of_purchase(writing: Writing, made: Purchase) -> Sheet:
    """What somebody gets who sells the shop a phone."""
    pen = writing.pen
    sheet = Sheet(pen.say("Purchase receipt"), made.purchase_number, [], [pen.say("Item"), pen.say("Amount")])
    sheet.facts = [(pen.say("Date"), pen.moment(made.created_at)), (pen.say("Seller"), made.seller_name)]
    sheet.facts.append((pen.choice(made.id_kind), made.id_number))
    sheet.facts += served(writing, made.staff_id)
    sheet.rows = [[called(writing, made.phone_id), pen.money(made.amount)]]
    sheet.totals = [(pen.say("Paid out, {method}", method=pen.choice(made.method)), pen.money(made.amount))]
    sheet.notes = [*_after(writing, made), pen.say("The seller says that the phone is theirs to sell.")]
    sheet.signs = [pen.say("Seller"), pen.say("For the shop")]
    return sheet


def _when(writing: Writing, document: Sale | Swap | Checkout) -> list[tuple[str, str]]:
    date = (writing.pen.say("Date"), writing.pen.moment(document.created_at))
    return [date, *who(writing, document.customer_id), *served(writing, document.staff_id)]


def _begun(writing: Writing, document: Sale | Swap, title: str) -> Sheet:
    heads = [writing.pen.say("Item"), writing.pen.say("Amount")]
    return Sheet(title, document.invoice_number, _when(writing, document), heads)


def _lines_of_sale(writing: Writing, sale: Sale) -> Rows:
    found = [[called(writing, sale.phone_id), writing.pen.money(sale.original_price)]]
    if sale.discount_amount:
        found.append([writing.pen.say("Discount"), writing.pen.money(-sale.discount_amount)])
    return found


def _lines_of_swap(writing: Writing, swap: Swap) -> Rows:
    given = writing.pen.say("Your phone: {phone}", phone=swap.given_phone_description)
    return [
        [called(writing, swap.new_phone_id), writing.pen.money(swap.total_transaction_value)],
        [given, writing.pen.money(-swap.given_phone_value)],
    ]


def _charged(writing: Writing, sheet: Sheet, document: Sale | Swap, total: Decimal) -> None:
    pen = writing.pen
    if document.tax_mode == TaxMode.STANDARD:
        sheet.totals = [(pen.say("Net"), pen.money(total - document.tax_amount))]
        sheet.totals.append((pen.say("Tax"), pen.money(document.tax_amount)))
    sheet.totals.append((pen.say("Total"), pen.money(total)))
    sheet.notes = about_tax(writing, document.tax_mode)


def _after(writing: Writing, document: Sale | Swap | Purchase) -> list[str]:
    pen, found = writing.pen, []
    if document.returned_at is not None:
        found.append(pen.say("Returned on {day}", day=pen.day(writing.reader.day(document.returned_at))))
    elif isinstance(document, Sale) and document.warranty_until is not None:
        found.append(pen.say("Warranty until {day}", day=pen.day(document.warranty_until)))
    return found
