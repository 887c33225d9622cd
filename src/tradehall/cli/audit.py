"""Commands for the log: its anchors, and whether it is as it was written."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from tradehall.cli.start import Data, app, read_settings, ready

if TYPE_CHECKING:
    from tradehall.kernel.audit import Anchor

audit = App("audit", help="The log of who did what: its anchors, and whether it is whole.")
app.command(audit)


@audit.command
def anchor(*, data: Data = None) -> None:
    """Print the head of each organisation's log, a line each; keep them where nobody who can write the database can."""
    from functools import partial

    import orjson

    from tradehall.kernel.audit import anchor as head
    from tradehall.kernel.people import organisations

    database, _ = ready(data)
    for org_id, _name in database.ask(0, organisations):
        print(orjson.dumps(database.ask(org_id, partial(head, org_id=org_id))).decode())


@audit.command
def verify(*, anchor: Path | None = None, data: Data = None) -> None:
    """Check the chain of each organisation's log, and that it holds what the anchors know; exit 1 where it does not.

    Parameters
    ----------
    anchor
        A file with what `audit anchor` printed; AUDIT_ANCHOR, if not given.
    """
    from tradehall.kernel.doctor import logs

    kept = anchors(anchor or read_settings(data).audit_anchor)
    database, _ = ready(data)
    wrong = list(logs(database, kept))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    print("the log is not as it was written" if wrong else "the log is as it was written")
    sys.exit(1 if wrong else 0)


def anchors(path: Path | None) -> "list[Anchor]":
    """The anchors in a file, or none."""
    from tradehall.kernel.audit import parsed

    if path is None:
        return []
    try:
        return parsed(path.read_text())
    except ValueError as error:
        raise RuntimeError(f"{path}: {error}") from error
