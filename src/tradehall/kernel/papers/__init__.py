"""Papers: what is printed of a row, as PDF. A trade says what stands on a paper; a template of typst draws it.

What people wrote reaches a template as JSON, and a template reads none of it as markup: text is data.
"""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradehall.kernel.cabinet import IMAGES
from tradehall.kernel.contracts import Contract, Download, Outgoing, dumps
from tradehall.kernel.errors import field_error
from tradehall.kernel.files import File
from tradehall.kernel.papers.pens import Pen
from tradehall.kernel.preferences import (
    ADDRESS,
    BUSINESS_PHONE,
    CLOSING,
    LOGO,
    PAPER_LANGUAGE,
    TAX_NUMBER,
)
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record
from tradehall.kernel.seals import Seals
from tradehall.kernel.verbs import Actor, By, Grant

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.database import Session
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

HERE = Path(__file__).parent
SHEET = HERE / "sheet.typ"
"""What draws a paper for which nobody brought a template."""
PDF = "application/pdf"
AT_ONCE = 2
LOGO_SIDE = 256
"""Pixels, which are plenty for the 18 mm that a logo has."""
_presses = threading.BoundedSemaphore(AT_ONCE)
"""So many papers are drawn at a time: each takes a core for some 20 ms."""


class Size(StrEnum):
    """What a paper is printed on."""

    A4 = "a4"
    ROLL = "80mm"
    LABEL = "label"


@dataclass
class Sheet:
    """What stands on a paper. Every text of it is ready to be read; empty parts are left out."""

    title: str
    number: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    """What it is about, each with its name."""
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    """A table; the last column holds amounts."""
    totals: list[tuple[str, str]] = field(default_factory=list)
    """Amounts below the table, the last of them the one that counts."""
    notes: list[str] = field(default_factory=list)
    code: str = ""
    """What the QR code says, and in `code_note` what it is for."""
    code_note: str = ""
    bars: str = ""
    """What the barcode says, a Code 128 of ASCII: a scanner types it."""
    signs: list[str] = field(default_factory=list)
    """Who signs."""


@dataclass(frozen=True)
class Writing:
    """What whoever writes a paper has at hand: the rows, and the pen of a language."""

    reader: Reader
    pen: Pen
    base: str
    """Where the trade answers, for what a QR code leads to."""
    seals: Seals
    """What makes links to rows that have no token of their own."""


@dataclass(frozen=True, eq=False)
class Paper:
    """A paper of a record's rows, for whoever `by` names: `GET /api/sales/7/papers/receipt.pdf?size=a4`."""

    name: str
    record: type[Record]
    by: By
    says: Callable[[Writing, Any], Sheet]
    title: str
    sizes: tuple[Size, ...] = (Size.A4,)
    template: Path = SHEET

    @property
    def summary(self) -> str:
        """What its path answers with, as a sentence."""
        return f"The {self.title.lower()} of a {self.record.title.lower()}, as PDF."

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        """The parameters of its query string, each with its schema."""
        return {
            "size": {"type": "string", "enum": list(self.sizes), "default": self.sizes[0]},
            "language": {"type": "string", "description": "The organisation's, if not given."},
        }

    def size(self, query: Mapping[str, str]) -> Size:
        """The size that is asked for, or its first; raises Invalid."""
        wanted = query.get("size", self.sizes[0])
        if wanted not in self.sizes:
            raise field_error(["query", "size"], f"Input should be one of {', '.join(self.sizes)}", "enum")
        return Size(wanted)


@dataclass(frozen=True)
class Wanted:
    """A paper that somebody asks for: of which row, how large, in which language, and from where."""

    paper: Paper
    actor: Actor
    row_id: int
    grant: Grant | None
    size: Size
    language: str = ""
    base: str = ""


async def printed(office: "Office", trade: "Trade", wanted: Wanted) -> Outgoing:
    """A paper as PDF; raises Missing where there is no such row for whoever asks."""
    paper = wanted.paper

    def read(session: "Session") -> tuple[Sheet, Pen, dict[str, str], File | None]:
        reader = Reader(session, trade, wanted.actor, office.clock())
        row = reader.get(paper.record, wanted.row_id, wanted.grant)
        pen = office.outside.pens(trade, wanted.language, reader.preferences)
        logo = reader.find(File, reader.preferences[LOGO.name] or 0)
        return paper.says(Writing(reader, pen, wanted.base, office.seals), row), pen, letterhead(reader, pen), logo

    sheet, pen, shop, logo = await office.database.read(wanted.actor.org_id, read)
    picture = await _picture(office, trade, logo)
    data = asdict(sheet) | {"size": wanted.size.value, "language": pen.language, "shop": shop}
    content = await asyncio.to_thread(drawn, paper.template, data, picture)
    return Outgoing(f"{paper.name}-{wanted.row_id}.pdf", PDF, _whole(content), is_shown=True)


def letterhead(reader: Reader, pen: Pen) -> dict[str, str]:
    """Who a paper is from."""
    chosen = reader.preferences
    tax = chosen[TAX_NUMBER.name]
    return {
        "name": chosen["name"] or reader.trade.title, "address": chosen[ADDRESS.name], "phone": chosen[BUSINESS_PHONE.name],
        "tax": pen.say("Tax number {number}", number=tax) if tax else "", "closing": chosen[CLOSING.name],
    }  # fmt: skip


async def _picture(office: "Office", trade: "Trade", logo: File | None) -> bytes:
    if logo is None or logo.of_trade != trade.name or logo.type not in IMAGES:
        return b""
    found = await office.files.open(logo.key, LOGO_SIDE)
    return b"" if found is None else b"".join([piece async for piece in found.pieces])


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


@lru_cache(32)
def _template(path: Path) -> bytes:
    return path.read_bytes()


def drawn(template: Path, data: Mapping[str, Any], picture: bytes = b"", kind: str = "pdf") -> bytes:
    """A paper, drawn by typst with the fonts that it brings: a PDF, or the picture of its one page."""
    # Whoever never prints is spared the memory of what draws.
    typst, segno = import_module("typst"), import_module("segno")
    files = {"main.typ": _template(template), "paper.typ": _template(HERE / "paper.typ")}
    shown = dict(data) | {"logo": list(picture), "qr": "", "bars": ""}
    if data.get("code"):
        drawing = io.BytesIO()
        segno.make(data["code"], error="m", micro=False).save(drawing, kind="svg", border=0, scale=4)
        shown["qr"] = drawing.getvalue().decode()
    if data.get("bars"):
        shown["bars"] = import_module("barcode.codex").Code128(data["bars"]).build()[0]
    with _presses:
        found: bytes = typst.compile(
            files, format=kind, sys_inputs={"data": dumps(shown).decode()}, ignore_system_fonts=True
        )
    return found


def paths(trade: "Trade") -> Iterator[Contract]:
    """The path of each paper of a trade."""
    for paper in trade.papers:
        yield Contract("GET", f"{trade.prefix}/{paper.record.in_paths}/{{id}}/papers/{paper.name}.pdf", prints(paper))


def prints(paper: Paper) -> Download:
    """A paper at a path that a contract names."""
    return Download(
        f"paper.{paper.name}", paper.by, paper.record, _printer(paper), paper.summary, PDF, query=paper.query
    )


def _printer(paper: Paper) -> Callable[..., Any]:
    async def answer(office: "Office", trade: "Trade", call: "Call") -> Outgoing:
        grant, row_id = call.contract.grant(call.actor), call.path["id"]
        size, language = paper.size(call.query), call.query.get("language", "")
        return await printed(office, trade, Wanted(paper, call.actor, row_id, grant, size, language, call.caller.base))

    return answer


__all__ = ["PAPER_LANGUAGE", "Paper", "Pen", "Sheet", "Size", "Writing", "paths", "printed", "prints"]
