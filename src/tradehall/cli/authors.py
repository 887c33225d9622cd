"""Commands for authors of trades."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tradehall.cli.start import app, read_settings, the_trade, trades_named

if TYPE_CHECKING:
    pass


@app.command
def verbs(trade: str) -> None:
    """Print what may happen in a trade, to what, by whom, at which path and as which event."""
    from rich.console import Console
    from rich.table import Table

    from tradehall.kernel.verbs import grants

    here = trades_named((trade,))[0]
    table = Table("verb", "of", "by", "moves", "path", "event", "what it does", box=None)
    paths = {id(each.does): f"{each.method} {each.path}" for each in reversed(here.operations)}
    for verb in here.verbs:
        by = ", ".join(f"{each.role}{' (own rows)' if each.scope else ''}" for each in grants(verb.by))
        moves = f"{' or '.join(verb.sources)} → {verb.goal}" if verb.goal else ""
        table.add_row(verb.name, verb.record.title, by, moves, paths.get(id(verb), ""), verb.event, verb.summary)
    Console(width=None if sys.stdout.isatty() else 240).print(table)


@app.command
def openapi(trade: str) -> None:
    """Print the OpenAPI document of a trade."""
    import tempfile

    import orjson

    from tradehall.app import build_app

    with tempfile.TemporaryDirectory() as folder:
        gate = build_app(read_settings(Path(folder), database_url=""), trades_named((trade,)))
        found = orjson.loads(gate.apps[trade].document)
    print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())


@app.command
def revision(trade: str, message: str = "changes") -> None:
    """Write a trade's migration from its declarations.

    Parameters
    ----------
    message
        What the migration does, in a few words: it becomes part of the file's name.
    """
    from tradehall.kernel.records import KERNEL
    from tradehall.kernel.schema import revise
    from tradehall.kernel.versions import HERE

    trades = () if trade == KERNEL else trades_named()  # the kernel's own needs none, nor may one hold it up
    folder = HERE if trade == KERNEL else the_trade(trades, trade).migrations
    path = revise(trade, folder, trades, message)
    print(f"wrote {path}" if path else f"{trade} is as its migrations leave it; nothing to write")
