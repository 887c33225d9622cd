"""Commands for organisations and for those who sign in."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradehall.cli.start import Data, given, org, read_settings, ready, the_organisation, the_trade, trades_named, user

if TYPE_CHECKING:
    from tradehall.kernel.database import Database
    from tradehall.kernel.people import Member
    from tradehall.kernel.trade import Trade


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
