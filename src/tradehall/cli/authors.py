"""Commands for authors of trades."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradehall.cli.start import app, read_settings, the_trade, trades_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

WIDTH = 100
"""Where what is printed goes to no terminal."""


@app.command
def verbs(trade: str) -> None:
    """Print what may happen in a trade: by whom, at which paths, with which fields of the body, and as which event."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from tradehall.kernel.verbs import grants

    here = trades_named((trade,))[0]
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(Text("A field with ? may be left out."))
    for verb in here.verbs:
        by = ", ".join(f"{each.role}{' (own rows)' if each.scope else ''}" for each in grants(verb.by))
        moves = f"; {' or '.join(verb.sources)} → {verb.goal}" if verb.goal else ""
        paths = [f"{each.method} {each.path}" for each in here.operations if each.does is verb]
        fields = ", ".join(_fields(verb.body)) if verb.body is not None else ""
        console.print(Text(f"\n{verb.event}", "bold"), Text(f"by {by}{moves}"))
        for line in (verb.summary, *paths, *([fields] if fields else [])):
            console.print(Padding(Text(line), (0, 0, 0, 4), expand=False))


def _fields(body: "type[BaseModel]") -> "Iterator[str]":
    """The fields of a request: `renter: string`, `days?: integer`."""
    schema = body.model_json_schema()
    for name, each in schema.get("properties", {}).items():
        may_lack = "" if name in schema.get("required", ()) else "?"
        yield f"{name}{may_lack}: {_kind(each, schema.get('$defs', {}))}"


def _kind(schema: "Mapping[str, Any]", known: "Mapping[str, Any]") -> str:
    """What a field takes, in a few words; None is not named, where something else is taken besides."""
    if "$ref" in schema:
        return _kind(known[schema["$ref"].rpartition("/")[2]], known)
    if "enum" in schema or "const" in schema:
        return " | ".join(str(each) for each in schema.get("enum", [schema.get("const")]))
    if ways := schema.get("anyOf", schema.get("oneOf")):
        kinds = dict.fromkeys(_kind(each, known) for each in ways if each.get("type") != "null")
        return "number" if "number" in kinds else " | ".join(kinds)  # a decimal is taken as text, too
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), known)}"
    if schema.get("type") == "object" and "properties" in schema:
        return f"{{{', '.join(schema['properties'])}}}"
    return str(schema.get("format") or schema.get("type") or "anything")


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
