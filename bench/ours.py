"""Our side: a user, the bulk load, the command, the token, the cursor."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count, islice
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa

from bench.plan import DEEP, PAGE, REPAIRS, SWAPS
from bench.rows import OPENED, customer_rows, phone_rows, repair_rows, sale_rows, swap_rows
from tradehall.kernel.database import Batch, Work, open_database
from tradehall.kernel.doctor import Rebuild
from tradehall.kernel.events import CHANGES, EVENTS
from tradehall.kernel.numbers import NUMBERS
from tradehall.kernel.preferences import Chosen
from tradehall.kernel.records import Record
from tradehall.kernel.search import folded as fold
from tradehall.trades.phoneshop import trade
from tradehall.trades.phoneshop.models import Condition, Customer, Phone, PhoneStatus, Repair, Sale, Swap
from tradehall.trades.phoneshop.terms import REPAIR_MESSAGES

Values = dict[str, Any]
Rows = Iterator[Values]

TRADEHALL = str(Path(sys.executable).parent / "tradehall")


def load(
    database_url_or_data_dir: str | Path,
    customers: int,
    sales: int,
    stock: int,
    repairs: int = REPAIRS,
    swaps: int = SWAPS,
) -> tuple[int, int]:
    """Fill the phone shop in bulk and rebuild its kept totals; return the first customer's and the first stock phone's id.

    A data directory (Path) means SQLite, a URL (str) PostgreSQL. Ids are contiguous; each sale has a sold phone of its
    own; the repairs and swaps are as many as the plan says.
    """
    where = database_url_or_data_dir
    database = open_database(None, where) if isinstance(where, Path) else open_database(where, Path())
    database.run(Load(customers, sales, stock, repairs, swaps))
    database.run(Rebuild(1, trade))
    if isinstance(where, str):  # as the reference's; PostgreSQL would do so by itself, some time later
        engine = sa.create_engine(sa.make_url(where).set(drivername="postgresql+psycopg"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
    return 1, sales + 1


class Load(Work):
    """The rows of a phone shop that has been at work for years, in the first organisation."""

    org_id = 1

    def __init__(self, customers: int, sales: int, stock: int, repairs: int, swaps: int) -> None:
        self.customers, self.sales, self.stock, self.repairs, self.swaps = customers, sales, stock, repairs, swaps

    def run(self, batch: Batch) -> None:
        self._insert(batch, Customer, customer_rows(self.customers), customer_more)
        self._insert(batch, Phone, phone_rows(self.sales, self.stock), phone_more)
        self._insert(batch, Sale, sale_rows(self.customers, self.sales), sale_more)
        self._insert(batch, Repair, repair_rows(self.customers, self.repairs), numbered())
        self._insert(batch, Swap, swap_rows(self.customers, self.sales, self.swaps), swap_more)
        counters = {"customer": self.customers, "invoice": self.sales, "repair": self.repairs}
        for series, value in counters.items():
            batch.session.execute(sa.insert(NUMBERS).values(org_id=1, series=f"phoneshop.{series}", value=value))
        # The reference sends no messages, so neither do we.
        quiet = complete(
            Chosen, {"of_trade": trade.name, "name": REPAIR_MESSAGES.name, "value": False, "created_at": OPENED}
        )
        batch.session.execute(sa.insert(Chosen.table).values(quiet))

    def _insert(self, batch: Batch, record: type[Record], rows: Rows, more: Callable[[Values], Values]) -> None:
        while some := list(islice(rows, 5000)):
            batch.session.execute(sa.insert(record.table), [complete(record, row | more(row)) for row in some])


class Told(Work):
    """So many events of the past, of each a change of some phone: a log that has grown for years."""

    org_id = 1

    def __init__(self, events: int) -> None:
        self.events = events

    def run(self, batch: Batch) -> None:
        known = batch.session.execute(sa.select(sa.func.max(EVENTS.c.id))).scalar() or 0
        numbers = iter(range(known + 1, known + self.events + 1))
        while some := list(islice(numbers, 5000)):
            batch.session.execute(
                sa.insert(EVENTS),
                [
                    {
                        "org_id": 1, "id": each, "at": OPENED, "trade": trade.name, "verb": "phone.change", "actor": "user:1",
                        "salt": "0" * 32, "digest": "0" * 64, "chain": "0" * 64,
                    }
                    for each in some
                ],
            )  # fmt: skip
            batch.session.execute(
                sa.insert(CHANGES),
                [
                    {
                        "org_id": 1, "event_id": each, "position": 1, "entity": Phone.table.name, "record_id": each,
                        "operation": "edit", "body": '{"value":["100.00","90.00"]}', "salt": "0" * 32, "digest": "0" * 64,
                    }
                    for each in some
                ],
            )  # fmt: skip


def tell(where: str | Path, events: int) -> None:
    """Write so many events of the past."""
    open_database(*((None, where) if isinstance(where, Path) else (where, Path()))).run(Told(events))


def complete(record: type[Record], row: Values) -> Values:
    """A row of ours from one of the reference: exact money, and the fields that the reference has not."""
    row = {name: amount(value) for name, value in row.items() if name in record.fields and name not in record.derived}
    given = {name: field.initial() for name, field in record.fields.items() if name not in ("id", *record.derived)}
    times = {"org_id": 1, "version": 1, "updated_at": row["created_at"]}
    folded = {"folded": fold(row[name] for name in record.searched)} if record.searched else {}
    return given | row | times | folded


def amount(value: Any) -> Any:
    """A float of the reference as an exact amount."""
    return Decimal(str(value)) if isinstance(value, float) else value


def customer_more(row: Values) -> Values:
    """What a customer has besides."""
    return {"phone_e164": row["phone_number"], "unique_id": f"CUS-{row['phone_number'][-6:]}"}


def phone_more(row: Values) -> Values:
    """What a phone has besides."""
    status = PhoneStatus.AVAILABLE if row["is_available"] else PhoneStatus.SOLD
    cost = Decimal(str(row["value"])) * 4 / 5
    return {"status": status, "cost_price": cost, "imei": None, "imei2": None}


def sale_more(row: Values) -> Values:
    """What a sale has besides."""
    paid = Decimal(str(row["amount_paid"]))
    return {
        "phone_value": paid,
        "counter_amount": paid,
        "refunded_amount": Decimal(0),
        "cost": paid * 4 / 5,
        "completed_at": row["created_at"],
        "condition": list(Condition)[(row["phone_id"] - 1) % 3],
    }


def numbered() -> Callable[[Values], Values]:
    """What a repair has besides, with a number of its own."""
    numbers = count(1)

    def more(row: Values) -> Values:
        number, done = next(numbers), row["status"] in ("Completed", "Delivered")
        return {
            "repair_number": f"REP-{number:06d}",
            "token": f"bench-{number}",
            "completed_at": row["updated_at"] if done else None,
        }

    return more


def swap_more(row: Values) -> Values:
    """What a swap has besides."""
    return {"invoice_number": f"SWP-{row['new_phone_id']:06d}", "new_phone_value": Decimal(1000), "cost": None}


def environment(where: str | Path, data: Path) -> dict[str, str]:
    """The settings of a phone shop that keeps its rows there, as environment variables."""
    database = {"DATABASE_URL": where} if isinstance(where, str) else {}
    # A first backup begins by itself, and would take half of the machine from both sides.
    return {"TRADEHALL_DATA": str(data), "BACKUP_EVERY": "0", **database}


def create_user(where: str | Path, data: Path, password: str) -> None:
    """Create the owner who signs in for the measurement."""
    command = [TRADEHALL, "user", "create", "bench", "--trade", "phoneshop", "--role", "owner", "--password-stdin"]
    env = os.environ | environment(where, data)
    for step, given in (([TRADEHALL, "migrate"], ""), (command, password + "\n")):
        subprocess.run(step, env=env, input=given, text=True, check=True, stdout=subprocess.DEVNULL)


def serve_command(data: Path, port: int) -> list[str]:
    """The command that serves the phone shop."""
    return [TRADEHALL, "serve", "phoneshop", "--data", str(data), "--port", str(port)]


def sign_in(url: str, password: str) -> str:
    """Exchange the password for an access token."""
    who = {"username": "bench", "password": password}
    answer = httpx2.post(f"{url}/api/auth/login-json", json=who, timeout=30).raise_for_status()
    return str(answer.json()["access_token"])


def deep_path(ask: Callable[[str], httpx2.Response]) -> str:
    """The page that begins after the newest 40,000 sales, by cursor."""
    cursor = ask(f"/api/sales/?skip={DEEP - 1}&limit=1").headers["X-Next-Cursor"]
    return f"/api/sales/?limit={PAGE}&after={cursor}"
