"""The command line: `tradehall --help` says what there is."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from tradehall import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradehall.kernel.database import Database
    from tradehall.kernel.people import Member
    from tradehall.kernel.trade import Trade
    from tradehall.settings import Settings

app = App("tradehall", version=__version__, help="A back office for small trades.")
user = App("user", help="People who sign in.")
org = App("org", help="Organisations of a shared installation.")
app.command(user)
app.command(org)

Data = Annotated[Path | None, Parameter("--data", help="The folder of the SQLite file, uploads and the secret.")]


def main() -> None:
    """Run a command: errors on standard error, one sentence, exit 1; 2 for wrong usage."""
    from pydantic import ValidationError

    from tradehall.kernel.errors import Problem, Unavailable

    try:
        app(exit_on_error=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit as stop:
        if isinstance(stop.code, str):
            fail(stop.code)
        if stop.code == 1 and "cyclopts" in repr(stop.__context__.__class__):
            sys.exit(2)
        raise
    except (Unavailable, ConnectionError):
        fail("the database does not answer, or it is busy; is its server running, and is DATABASE_URL right?")
    except Problem as problem:
        fail(problem.sentence)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        fail(f"the setting {str(first['loc'][0]).upper()} is wrong: {first['msg']}")
    except KeyError as error:
        fail(str(error.args[0]))
    except OSError as error:
        fail(f"{error.strerror}: {error.filename}" if error.filename else str(error))
    except (ValueError, RuntimeError) as error:
        fail(str(error))


def fail(sentence: str) -> None:
    """Say what went wrong and stop."""
    print(f"tradehall: {sentence}", file=sys.stderr)
    sys.exit(1)


def read_settings(data: Path | None, **more: Any) -> "Settings":
    """The settings of the environment, with what the command line says."""
    from tradehall.settings import Settings

    given = {name: value for name, value in more.items() if value is not None}
    if data is not None:
        given["tradehall_data"] = data
    return Settings.read(**given)


def trades_named(names: tuple[str, ...] = ()) -> "tuple[Trade, ...]":
    """The installed trades of these names, or all."""
    from tradehall.kernel.trade import installed

    return installed(names)


def bring_up(database: "Database", trades: "Sequence[Trade]") -> None:
    """Bring the schema up to date; Alembic is loaded only where there is something to do."""
    from tradehall.kernel.versions import is_current

    if not is_current(database, trades):
        from tradehall.kernel.schema import migrate as apply

        apply(database, trades)


def ready(data: Path | None) -> "tuple[Database, tuple[Trade, ...]]":
    """The database with its schema up to date, and every installed trade."""
    from tradehall.kernel.database import open_database

    settings, trades = read_settings(data), trades_named()
    database = open_database(settings.database_url, settings.tradehall_data)
    bring_up(database, trades)
    return database, trades


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
    from tradehall.server import serve as serve_now

    if workers != 1:
        raise RuntimeError(
            "this version serves one process; --workers needs PostgreSQL and REDIS_URL and is not here yet"
        )
    serve_now(read_settings(data, host=host, port=port, open=open or None), trades_named(trades), bring_up)


@app.command
def demo(*trades: str, host: str | None = None, port: int | None = None, data: Data = None) -> None:
    """Serve sample data from a folder of its own, open to everybody on this machine."""
    from tradehall.server import serve as serve_now

    folder = data or Path("data") / "demo"
    serve_now(
        read_settings(folder, host=host, port=port, open=True, database_url=""),
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
    """Check settings, migrations, kept totals and the audit chain; exit 1 where something is wrong.

    Parameters
    ----------
    rebuild
        Replace kept totals that differ by what the rows say.
    """
    from tradehall.kernel.database import open_database
    from tradehall.kernel.doctor import examine, repair_all
    from tradehall.kernel.schema import pending
    from tradehall.kernel.versions import held

    settings, trades = read_settings(data), trades_named()
    for name, value in settings.effective().items():
        print(f"{name} = {value}")
    database = open_database(settings.database_url, settings.tradehall_data)
    database.check()
    trades = held(database, trades)
    if behind := pending(database, trades):
        fail(f"the schema is behind by {', '.join(behind)}; run: tradehall migrate")
    if rebuild:
        repair_all(database, trades)
    wrong = settings.refusals() + list(examine(database, trades))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    found = "one thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
    print(f"{found} wrong" if wrong else "everything is in order")
    sys.exit(1 if wrong else 0)


@org.command(name="create")
def org_create(name: str, *, data: Data = None) -> None:
    """Found an organisation."""
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import CreateOrganisation

    name = given(name, 200)
    database, _ = ready(data)
    print(f"organisation {database.run(CreateOrganisation(name, utc_now()))}: {name}")


@org.command(name="list")
def org_list(*, data: Data = None) -> None:
    """List the organisations."""
    from tradehall.kernel.people import organisations

    for org_id, name in ready(data)[0].ask(0, organisations):
        print(f"{org_id}\t{name}")


@user.command(name="create")
def user_create(
    name: str, *, trade: str, role: str, org: str | None = None, password_stdin: bool = False, data: Data = None
) -> None:
    """Create a person; without a password a one-time link is printed.

    Parameters
    ----------
    name
        What the trade signs in with: a username, an e-mail address or a number.
    org
        The organisation; not needed where there is one.
    """
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import CreateUser, NewUser, hash_password

    name = given(name, 254)
    database, trades = ready(data)
    here = the_trade(trades, trade)
    _check_role(here, role)
    hashed = hash_password(_password(here.sign_in.shortest)) if password_stdin else None
    org_id = the_organisation(database, org, found=True)
    new = NewUser(name, ((trade, role),), here.sign_in.name, hashed)
    user_id = database.run(CreateUser(org_id, new, utc_now()))
    print(f"user {user_id}: {name} is {role} of {trade}")
    if hashed is None:
        _print_link(database, org_id, user_id)


def _check_role(trade: "Trade", role: str) -> None:
    if trade.role(role) is None:
        names = ", ".join(each.name for each in trade.roles)
        raise RuntimeError(f"{trade.name} has no role {role}; it has {names}")


def _password(shortest: int) -> str:
    password = sys.stdin.readline().rstrip("\n")
    if not shortest <= len(password) <= 255:
        raise RuntimeError(f"a password has {shortest} to 255 characters")
    return password


def _print_link(database: "Database", org_id: int, user_id: int) -> None:
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import CreateLink

    secret = database.run(CreateLink(org_id, user_id, utc_now()))
    settings = read_settings(None)
    print(f"a link to choose a password, good for one day: http://localhost:{settings.port}/welcome/{secret}")


@user.command(name="list")
def user_list(*, trade: str, org: str | None = None, data: Data = None) -> None:
    """List the people of a trade."""
    for each in _people(trade, org, data)[1]:
        print(f"{each.name}\t{each.role}\t{'active' if each.is_active else 'disabled'}\torganisation {each.org_id}")


@user.command(name="role")
def user_role(name: str, role: str, *, trade: str, org: str | None = None, data: Data = None) -> None:
    """Give a person another role."""

    _check_role(the_trade(trades_named(), trade), role)
    _change(name, trade, org, data, role=role)
    print(f"{name} is {role} of {trade}")


@user.command(name="disable")
def user_disable(name: str, *, trade: str, org: str | None = None, data: Data = None) -> None:
    """Shut a person out; takes effect in every running process within a second."""

    _change(name, trade, org, data, is_active=False)
    print(f"{name} is disabled")


@user.command(name="reset")
def user_reset(name: str, *, trade: str, org: str | None = None, data: Data = None) -> None:
    """Print a one-time link with which a person chooses a new password."""
    database, found = _member(name, trade, org, data)
    _print_link(database, found.org_id, found.user_id)


def _change(name: str, trade: str, org: str | None, data: Path | None, **changes: Any) -> None:
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import ChangeMember

    database, found = _member(name, trade, org, data)
    database.run(ChangeMember(found, utc_now(), **changes))


def _member(name: str, trade: str, org: str | None, data: Path | None) -> "tuple[Database, Member]":
    from tradehall.kernel.search import fold

    database, people = _people(trade, org, data)
    for each in people:
        if fold(each.name) == fold(name):
            return database, each
    raise RuntimeError(f"nobody signs in to {trade} as {name}")


def _people(trade: str, org: str | None, data: Path | None) -> "tuple[Database, list[Member]]":
    from tradehall.kernel.people import members

    database, trades = ready(data)
    the_trade(trades, trade)
    wanted = the_organisation(database, org) if org else None
    found = database.ask(0, lambda session: list(members(session, trade)))
    return database, [each for each in found if wanted in (None, each.org_id)]


def given(name: str, longest: int) -> str:
    """A name, trimmed; raises RuntimeError where nothing is left of it, or too much."""
    if not 0 < len(name := name.strip()) <= longest:
        raise RuntimeError(f"a name has 1 to {longest} characters")
    return name


def the_trade(trades: "tuple[Trade, ...]", name: str) -> "Trade":
    """The trade of this name."""
    for trade in trades:
        if trade.name == name:
            return trade
    raise RuntimeError(f"there is no trade called {name}; installed are {', '.join(each.name for each in trades)}")


def the_organisation(database: "Database", name: str | None, found: bool = False) -> int:
    """The organisation of this name or number, or the only one; `found` founds the first one where there is none."""
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import organisations
    from tradehall.server import FIRST, first_organisation

    known = database.ask(0, organisations)
    if name is None and len(known) > 1:
        raise RuntimeError(f"there are {len(known)} organisations; name one with --org")
    if name is None:
        return known[0][0] if known or not found else first_organisation(database, utc_now(), FIRST)
    for org_id, called in known:
        if name in (called, str(org_id)):
            return org_id
    raise RuntimeError(f"there is no organisation called {name}")


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
    from tradehall.kernel.schema import revise
    from tradehall.kernel.versions import HERE, KERNEL

    trades = trades_named()
    folder = HERE if trade == KERNEL else the_trade(trades, trade).migrations
    path = revise(trade, folder, trades, message)
    print(f"wrote {path}" if path else f"{trade} is as its migrations leave it; nothing to write")
