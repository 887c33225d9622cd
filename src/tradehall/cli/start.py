"""What every command stands on: the application, its settings, the database, and the sentence that it ends with."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from tradehall import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradehall.kernel.database import Database
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
    from cyclopts import CycloptsError
    from pydantic import ValidationError

    from tradehall.kernel.errors import Problem, Unavailable

    try:
        app(exit_on_error=False, print_error=False)
        leave(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except CycloptsError as wrong:
        fail(" ".join(str(wrong).split()), 2)
    except SystemExit as stop:
        if isinstance(stop.code, str):
            fail(stop.code)
        leave(stop.code or 0)
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


def leave(code: str | int) -> None:
    """End at once where the store of files was loaded: a thread of it that still runs aborts an interpreter at its end."""
    if "obstore" in sys.modules and isinstance(code, int):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def fail(sentence: str, code: int = 1) -> None:
    """Say what went wrong and stop."""
    print(f"tradehall: {sentence}", file=sys.stderr)
    sys.exit(code)


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
    from tradehall.founding import FIRST, first_organisation
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import organisations

    known = database.ask(0, organisations)
    if name is None and len(known) > 1:
        raise RuntimeError(f"there are {len(known)} organisations; name one with --org")
    if name is None:
        return known[0][0] if known or not found else first_organisation(database, utc_now(), FIRST)
    for org_id, called in known:
        if name in (called, str(org_id)):
            return org_id
    raise RuntimeError(f"there is no organisation called {name}")
