"""A program of its own, that reads a table somebody sent: whatever it meets there, it hurts only itself.

`python -I sheet.py csv` (or `workbook`) reads a file from standard input and writes a JSON array a line to standard
output: first `[encoding, delimiter]`, then each row of the file, blank ones too, so that a row keeps its number. Numbers,
dates and truth values of a workbook stay what they are; formulas give what they came to. `database QUERIES` reads a SQLite
file: QUERIES is a JSON object from the name of a table to what is asked of it, and a row is `[table, {column: value}]`.
Where it refuses, it ends with 1 and a sentence on standard error.
"""

import csv
import io
import resource
import sqlite3
import sys
import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, BinaryIO

import orjson
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MEMORY = 1024**3
SECONDS = 180
MOST_ROWS = 1_000_000
MOST_COLUMNS = 500
LONGEST_CELL = 100_000
SAMPLE = 64 * 1024
PIECE = 1024 * 1024
DELIMITERS = ",;\t|"


class Refused(Exception):  # noqa: N818 - a way to end
    """Says why this is not taken, after "This file"."""


def rows_of_text(source: BinaryIO) -> tuple[list[str], Iterator[list[Any]]]:
    """What is in a file of separated values, with its encoding and delimiter as they were found."""
    encoding = _encoding(source)
    source.seek(0)
    text = io.TextIOWrapper(source, encoding, newline="")
    sample = text.read(SAMPLE)
    delimiter = _delimiter(sample)
    text.seek(0)
    csv.field_size_limit(LONGEST_CELL)
    return [encoding, delimiter], iter(csv.reader(text, delimiter=delimiter))


def _encoding(source: BinaryIO) -> str:
    """UTF-8 where all of it is, by its mark or by trial; otherwise what Windows writes in the West."""
    head = source.read(4)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    source.seek(0)
    text = io.TextIOWrapper(source, "utf-8-sig", newline="")
    try:
        while text.read(PIECE):
            pass
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        text.detach()
    return "utf-8-sig"


def _delimiter(sample: str) -> str:
    """What separates the values: the mark that cuts the first rows into the same number of values, the more the better."""
    best, found = (0.0, 0), ","
    for each in DELIMITERS:
        widths = []
        for row in csv.reader(io.StringIO(sample), delimiter=each):
            if row:
                widths.append(len(row))
            if len(widths) == 20:
                break
        if widths and widths[0] > 1:
            same = sum(width == widths[0] for width in widths) / len(widths)
            best, found = max((best, found), ((same, widths[0]), each))
    return found


def rows_of_workbook(source: BinaryIO) -> tuple[list[str], Iterator[list[Any]]]:
    """What is in the first sheet that can be seen and holds something."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = CalamineWorkbook.from_filelike(source)
    for each in book.sheets_metadata:
        if each.typ is SheetTypeEnum.WorkSheet and each.visible is SheetVisibleEnum.Visible:
            sheet = book.get_sheet_by_name(each.name)
            if sheet.start is not None:
                return ["", ""], ([_value(cell) for cell in row] for row in sheet.iter_rows())
    raise Refused("has no sheet with anything in it")


def _value(cell: Any) -> Any:
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell


def rows_of_database(source: BinaryIO, queries: dict[str, str]) -> tuple[list[str], Iterator[list[Any]]]:
    """What a SQLite file says to these queries, after a row of titles.

    It is known again by its first row: by its number and when it was made, if it says so, since what else it says may change.
    """
    content = bytearray(source.read())
    content[18:20] = b"\x01\x01"  # what was in a write-ahead log is not here: it is read without one
    database = sqlite3.connect(":memory:")
    database.deserialize(bytes(content))
    database.row_factory = sqlite3.Row
    known = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := queries.keys() - known:
        raise Refused(f"has no table {' and no table '.join(sorted(missing))}")
    first = next((database.execute(query).fetchone() for query in queries.values()), None)
    row = dict(first) if first is not None else {}
    lasting = {name: row[name] for name in ("id", "created_at") if row.get(name) is not None}
    identity = sha256(repr(lasting if len(lasting) == 2 else row).encode()).hexdigest()

    def rows() -> Iterator[list[Any]]:
        yield ["table", "row"]
        for table, query in queries.items():
            for row in database.execute(query):
                yield [table, {name: value for name, value in dict(row).items() if not isinstance(value, bytes)}]

    return [identity, ""], rows()


def write(how: list[str], rows: Iterable[list[Any]], target: BinaryIO) -> None:
    """Write the rows, a line each."""
    target.write(orjson.dumps(how) + b"\n")
    number = 0
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS + 1:
            raise Refused(f"has more than {MOST_ROWS:,} rows")
        while row and row[-1] in ("", None):
            row.pop()
        if len(row) > MOST_COLUMNS:
            raise Refused(f"has more than {MOST_COLUMNS} columns")
        target.write(orjson.dumps(row) + b"\n")
    if not number:
        raise Refused("is empty")


def main(kind: str, queries: str = "{}") -> None:
    """Read, within limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        source = sys.stdin.buffer
        if kind == "database":
            how, rows = rows_of_database(source, orjson.loads(queries))
        else:
            how, rows = rows_of_workbook(source) if kind == "workbook" else rows_of_text(source)
        write(how, rows, sys.stdout.buffer)
    except Refused as error:
        sys.exit(str(error))
    except csv.Error as error:
        sys.exit(f"can't be read: {error}")
    except Exception:  # noqa: BLE001 - whatever it met, the answer is the same
        sys.exit("can't be read")


if __name__ == "__main__":
    main(*sys.argv[1:])
