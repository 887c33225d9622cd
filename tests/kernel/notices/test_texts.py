"""Length and words of messages (P-23, spec R-10 of the phone shop, row 17)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.kernel.stall import Crate
from tradehall.kernel.notices.segments import BASIC, EXTENDED, Encoding, size
from tradehall.kernel.notices.templates import Template, filled, gathered
from tradehall.kernel.preferences import Preferences, Setting
from tradehall.kernel.trade import Trade

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2
HERE = Preferences(
    {name: Setting(name, name, str, "") for name in ("zone", "currency", "name")},
    {"zone": "Africa/Accra", "currency": "GHS", "name": "Osu Phones"},
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", (GSM, 0, 1)),
        ("a" * 160, (GSM, 160, 1)),
        ("a" * 161, (GSM, 161, 2)),
        ("a" * 306, (GSM, 306, 2)),
        ("a" * 307, (GSM, 307, 3)),
        ("€" * 80, (GSM, 160, 1)),
        ("€" * 81, (GSM, 162, 2)),
        ("a" * 152 + "€" * 5, (GSM, 162, 2)),
        ("a" * 152 + "€" + "a" * 152, (GSM, 306, 3)),  # the euro sign does not fit into what is left of the first part
        ("ɔ" * 70, (UCS, 70, 1)),
        ("ɔ" * 71, (UCS, 71, 2)),
        ("a" * 134 + "ɛ", (UCS, 135, 3)),
        ("😀" * 35, (UCS, 70, 1)),
        ("😀" * 67, (UCS, 134, 3)),  # 33 in each part: none is split
        ("GH₵ 5", (UCS, 5, 1)),
        ("ñ[x]\n", (GSM, 7, 1)),
    ],
)
def test_an_sms_is_160_or_153_units_of_gsm_7_or_70_or_67_of_ucs_2(text: str, found: tuple[Any, ...]) -> None:
    counted = size(text)
    assert (counted.encoding, counted.units, counted.parts) == found


def test_the_alphabet_is_that_of_gsm_7() -> None:
    assert (len(BASIC), len(EXTENDED)) == (127, 10)
    assert size("5 GH₵ for Ɔkɔ").foreign == "₵Ɔɔ"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{customer}", "{business}"),  # a value is not a text
        ("{{7*7}} {7*7} ${7*7} #{7*7} <%= 7*7 %>", None),
        ("{x.__init__} {customer.__class__} {customer!r} {customer:>10} {0} {}", None),
        ("%s %(customer)s $customer ${customer} 100%", "%s %(customer)s $customer ${business} 100%"),
        ("{ customer } {Customer} {nobody}", None),
        ("{{customer}}", "{{business}}"),
    ],
)
def test_row_17_nothing_in_a_text_is_evaluated_but_the_place_of_a_value(words: str, told: str | None) -> None:
    assert filled(words, {"customer": "{business}"}) == (words if told is None else told)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("5200"), "GHS 5,200.00"),
        (Decimal("-0.5"), "GHS -0.50"),
        (datetime(2026, 11, 1, 23, 5, tzinfo=UTC), "1 Nov 2026, 23:05"),
        (date(2026, 2, 9), "9 Feb 2026"),
        (None, ""),
        (True, "yes"),
        (7, "7"),
        ("Ama", "Ama"),
    ],
)
def test_a_value_is_written_as_people_read_it(value: Any, shown: str) -> None:
    assert gathered(Template("t", sms="{x}"), {"x": value, "business": ""}, None, HERE)["x"] == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("5200"), "5 200,00 GHS"),
        (Decimal("-0.5"), "-0,50 GHS"),
        (datetime(2026, 11, 1, 23, 5, tzinfo=UTC), "1 nov. 2026, 23:05"),
        (date(2026, 2, 9), "9 févr. 2026"),
    ],
)
def test_a_value_is_written_in_the_reader_s_way_and_in_the_alphabet_of_an_sms(value: Any, shown: str) -> None:
    found = gathered(Template("t", sms="{x}"), {"x": value, "business": ""}, None, HERE, "fr")["x"]
    assert found == shown
    assert size(found).encoding == GSM


def test_a_moment_is_told_in_the_time_zone_of_the_organisation() -> None:
    there = Preferences(HERE.declared, HERE.chosen | {"zone": "Asia/Kolkata"})
    found = gathered(
        Template("t", sms="{at}"), {"at": datetime(2026, 6, 30, 20, tzinfo=UTC), "business": ""}, None, there
    )
    assert found["at"] == "1 Jul 2026, 01:30"


def test_a_value_that_is_not_given_is_a_field_of_the_row_and_else_a_fault_of_the_trade() -> None:
    template, crate = Template("t", sms="{price} {label}"), Crate(label="Mangoes", price=Decimal(5))
    found = gathered(template, {"label": "Limes", "business": "x"}, crate, HERE)
    assert found == {"price": "GHS 5.00", "label": "Limes", "business": "x"}
    with pytest.raises(TypeError, match="needs a value for colour"):
        gathered(Template("t", sms="{colour}"), {}, crate, HERE)


def test_a_trade_can_t_declare_a_text_that_lacks_what_it_needs() -> None:
    with pytest.raises(TypeError, match=r"code: This text needs \{code\}"):
        Trade("shop", roles=(), templates=(Template("code", sms="Hello", needs=("code",)),))
