"""Commands that bring rows in and out: tables, workbooks, and the database of a former system."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tradehall.cli.start import Data, app, read_settings, ready, the_organisation, the_trade, trades_named

if TYPE_CHECKING:
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade
    from tradehall.kernel.transfer.records import Import


@app.command(name="import")
def import_(
    trade: str,
    resource: str,
    file: Path | None = None,
    *,
    dry_run: bool = False,
    org: str | None = None,
    data: Data = None,
) -> None:
    """Import a CSV file or a workbook into a resource, or the database of a former system: `import phoneshop old.db`.

    Parameters
    ----------
    resource
        What the rows become, such as customers; left out where the file is a database.
    dry_run
        Check every row, and import nothing.
    """
    if file is None:
        file, resource = Path(resource), ""
    here = the_trade(trades_named(), trade)
    if not resource:
        if not here.foreign:
            raise RuntimeError(f"{trade} takes over no database; name a resource and a file")
        resource = here.foreign[0].name
    if not file.is_file():
        raise RuntimeError(f"there is no file {file}")
    row = asyncio.run(_import(here, resource, file, dry_run, _organisation(org, data), data))
    would = "would be " if dry_run else ""
    print(
        f"{row.rows} rows: {row.created} {would}added, {row.updated} {would}changed, {row.unchanged} as they were, "
        f"{row.failed} wrong"
    )
    for each in row.errors:
        where = f", {each['column']}" if each["column"] else ""
        print(f"row {each['row']}{where}: {each['says']}", file=sys.stderr)
    if row.error:
        raise RuntimeError(row.error)
    if row.failed:
        sys.exit(1)


@app.command
def export(trade: str, resource: str, file: Path, *, org: str | None = None, data: Data = None) -> None:
    """Export every row of a resource, as the ending of the file says: .csv, .xlsx or .jsonl."""
    kind = file.suffix.lstrip(".").lower()
    if kind not in ("csv", "xlsx", "jsonl"):
        raise RuntimeError("the file ends with .csv, .xlsx or .jsonl")
    if file.exists():
        raise RuntimeError(f"{file} is there already")
    here = the_trade(trades_named(), trade)
    names = [each.record.plural for each in here.resources]
    if resource not in names:
        raise RuntimeError(f"there is no {resource} in {trade}; there are {', '.join(names)}")
    count = asyncio.run(_export(here, resource, file, kind, _organisation(org, data), data))
    print(f"{file}: {count:,} bytes")


def _organisation(name: str | None, data: Path | None) -> int:
    database, _ = ready(data)
    return the_organisation(database, name)


def _office(trade: "Trade", data: Path | None) -> "Office":
    from tradehall.app import build_app

    return build_app(read_settings(data), [trade]).office


async def _import(trade: "Trade", name: str, file: Path, dry_run: bool, org_id: int, data: Path | None) -> "Import":
    from dataclasses import replace

    import orjson

    from tradehall.kernel.calls import Call, Sent
    from tradehall.kernel.events import BY_COMMAND
    from tradehall.kernel.transfer.arriving import NewImport
    from tradehall.kernel.transfer.running import drive
    from tradehall.kernel.verbs import system

    office = _office(trade, data)
    office.files.allowance = replace(office.files.allowance, largest=2**40, quota=2**62)
    path = f"{trade.prefix}/imports"
    contract = next(each for each in trade.operations if (each.method, each.path) == ("POST", path))
    try:
        with file.open("rb") as content:
            wish = NewImport(type=name, dry_run=dry_run)
            sent = Sent(file.name, content)
            actor = system(org_id, trade.name)
            call = Call(contract, actor, office.clock(), body=wish, file=sent, origin=BY_COMMAND)
            made = orjson.loads((await office.perform(trade, call)).body)
        return await drive(office, trade, org_id, made["id"])
    finally:
        await office.close()


async def _export(trade: "Trade", name: str, file: Path, kind: str, org_id: int, data: Path | None) -> int:
    from tradehall.kernel.transfer.exporting import pieces, source_of
    from tradehall.kernel.verbs import system

    office = _office(trade, data)
    resource = next(each for each in trade.resources if each.record.plural == name)
    half, count = file.with_name(f".{file.name}.half"), 0
    try:
        source = source_of(office, trade, resource, system(org_id, trade.name), {})
        with half.open("xb") as target:
            async for piece in pieces(source, kind):
                count += target.write(piece)
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)
        await office.close()
    return count
