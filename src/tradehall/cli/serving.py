"""Commands that serve, migrate and examine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tradehall.cli.audit import anchors
from tradehall.cli.start import Data, app, bring_up, fail, read_settings, trades_named

if TYPE_CHECKING:
    pass


@contextmanager
def together(workers: int) -> Iterator[None]:
    """A folder where several processes keep what they count, so that one can tell it; Prometheus's client wants it early."""
    if workers == 1 or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="tradehall-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


@app.command
def serve(
    *trades: str,
    host: str | None = None,
    port: int | None = None,
    data: Data = None,
    workers: int = 1,
    open: bool = False,  # noqa: A002 - the option's name
) -> None:
    """Migrate, then serve the named trades; all, if none is named. One alone answers at `/`.

    Parameters
    ----------
    host
        The address to listen at; only this machine, if not given.
    port
        The port; 8000, if not given.
    workers
        How many processes; more than one needs PostgreSQL and REDIS_URL.
    open
        No sign-in: a request without a token acts as the owner. Loopback addresses only.
    """
    if workers < 1:
        raise RuntimeError("--workers is at least 1")
    with together(workers):
        from tradehall.server import serve as serve_now

        settings = read_settings(data, host=host, port=port, open=open or None)
        serve_now(settings, trades_named(trades), bring_up, workers=workers)


@app.command
def worker(*, host: str | None = None, port: int = 8001, data: Data = None) -> None:
    """Do the jobs of an installation that other processes serve; answers /readyz and /metrics alone.

    Parameters
    ----------
    host
        The address to listen at; only this machine, if not given.
    port
        The port.
    """
    from tradehall.server import serve as serve_now

    serve_now(read_settings(data, host=host, port=port), trades_named(), bring_up, only_jobs=True)


@app.command
def demo(*trades: str, host: str | None = None, port: int | None = None, data: Data = None) -> None:
    """Serve sample data from a folder of its own, open to everybody on this machine."""
    from tradehall.server import serve as serve_now

    folder = data or Path("data") / "demo"
    quiet = None if "LOG_LEVEL" in os.environ else "warning"  # whoever looks at a demonstration reads no log
    serve_now(
        read_settings(folder, host=host, port=port, open=True, database_url="", log_level=quiet, backup_every=0),
        trades_named(trades),
        bring_up,
        demo=True,
    )


@app.command
def migrate(*, data: Data = None) -> None:
    """Bring the schema of the database up to date."""
    from tradehall.kernel.database import open_database
    from tradehall.kernel.schema import migrate as apply

    settings, trades = read_settings(data), trades_named()
    applied = apply(open_database(settings.database_url, settings.tradehall_data), trades)
    print(f"applied {', '.join(applied)}" if applied else "the schema is up to date")


@app.command
def doctor(*, data: Data = None, rebuild: bool = False) -> None:
    """Check settings, migrations, kept totals, balances, the audit chain and the store of files; exit 1 where one is wrong.

    Parameters
    ----------
    rebuild
        Replace kept totals that differ by what the rows say.
    """
    import asyncio

    from tradehall.kernel.cabinet import Cabinet
    from tradehall.kernel.database import open_database
    from tradehall.kernel.doctor import astray, examine, filed, repair_all
    from tradehall.kernel.errors import Unavailable
    from tradehall.kernel.keeping import summary
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.schema import pending
    from tradehall.kernel.versions import held
    from tradehall.stores import store_of

    settings, trades = read_settings(data), trades_named()
    for name, value in settings.effective().items():
        print(f"{name.upper()} = {value}")
    database = open_database(settings.database_url, settings.tradehall_data)
    database.check()
    trades = held(database, trades)
    if behind := pending(database, trades):
        fail(f"the schema is behind by {', '.join(behind)}; run: tradehall migrate")
    print("backups:", database.ask(0, lambda session: summary(session, utc_now())))
    if rebuild:
        repair_all(database, trades)
    wrong = settings.refusals() + list(examine(database, trades, anchors(settings.audit_anchor)))
    try:
        wrong += asyncio.run(astray(Cabinet(store_of(settings)), filed(database), utc_now()))
    except Unavailable as unavailable:
        wrong.append(unavailable.sentence)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    found = "one thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
    print(f"{found} wrong" if wrong else "everything is in order")
    sys.exit(1 if wrong else 0)
