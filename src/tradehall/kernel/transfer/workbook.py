"""Workbooks, written row by row; loaded by whoever asks for one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, BinaryIO

import xlsxwriter

from tradehall.kernel.transfer.exporting import guarded

ROWS_OF_SHEET = 1_048_575
MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - it is written without a zone


class Workbook:
    """A workbook that is written row by row, in little memory."""

    def __init__(self, target: BinaryIO, titles: Sequence[str], numbers: Sequence[int | None]) -> None:
        plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(target, {"constant_memory": True} | plain)
        self._book.set_properties({"created": MADE})  # the same rows make the same bytes
        self._bold = self._book.add_format({"bold": True})
        shapes = {n: self._book.add_format({"num_format": f"0.{'0' * n}"}) for n in numbers if n}
        self._shapes = [shapes.get(each) if each else None for each in numbers]
        self._titles = titles
        self._sheet: Any = None
        self._row = ROWS_OF_SHEET

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows; a sheet that is full is followed by another."""
        for row in rows:
            if self._row >= ROWS_OF_SHEET:
                self._next()
            self._row += 1
            for place, cell in enumerate(row):
                if isinstance(cell, bool):
                    self._sheet.write_boolean(self._row, place, cell)
                elif self._shapes[place] is not None and cell is not None:
                    self._sheet.write_number(self._row, place, float(cell), self._shapes[place])
                elif isinstance(cell, int) and abs(cell) < 10**15:
                    self._sheet.write_number(self._row, place, cell)
                elif cell not in (None, ""):
                    # Here a formula is told from text; but what looks marked is marked, as in CSV.
                    text = guarded(str(cell)) if str(cell).startswith("'") else str(cell)
                    self._sheet.write_string(self._row, place, text[:32_767])

    def _next(self) -> None:
        self._sheet, self._row = self._book.add_worksheet(), 0
        self._sheet.freeze_panes(1, 0)
        for place, title in enumerate(self._titles):
            self._sheet.write_string(0, place, title, self._bold)

    def close(self) -> None:
        """Finish it."""
        if self._sheet is None:
            self._next()
        self._book.close()
