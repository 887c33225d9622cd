"""Fill the reference's database in bulk: `python -m bench.reference.load CUSTOMERS SALES STOCK`."""

import sys
from itertools import islice

from sqlalchemy import insert, text

from bench.reference.app import Base, Customer, Phone, Repair, Sale, Swap, engine
from bench.rows import Rows, customer_rows, phone_rows, repair_rows, sale_rows, swap_rows


def fill(model: type[Base], rows: Rows) -> None:
    """Insert the rows, ten thousand a transaction."""
    while chunk := list(islice(rows, 10_000)):
        with engine.begin() as connection:
            connection.execute(insert(model), chunk)


def load(customers: int, sales: int, stock: int) -> None:
    """Create the tables and fill them."""
    Base.metadata.create_all(engine)
    fill(Customer, customer_rows(customers))
    fill(Phone, phone_rows(sales, stock))
    fill(Sale, sale_rows(customers, sales))
    fill(Repair, repair_rows(customers))
    fill(Swap, swap_rows(customers, sales))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    load(*(int(argument) for argument in sys.argv[1:4]))
