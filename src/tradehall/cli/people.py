"""Commands for organisations and for those who sign in."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradehall.cli.start import Data, given, org, read_settings, ready, the_organisation, the_trade, trades_named, user

if TYPE_CHECKING:
    from tradehall.kernel.database import Database
    from tradehall.kernel.people import Member, SignIn
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
    from tradehall.kernel.people import JoinOrganisation, NewUser
    from tradehall.kernel.people.entry import region

    name = given(name, 254)
    database, trades = ready(data)
    here = the_trade(trades, trade)
    _check_role(here, role)
    way = _way(here, name)
    kind = way.kind_of(name)
    hashed = _hashed(way, data) if password_stdin else None
    org_id = the_organisation(database, org, found=True)
    folded, of = kind.folded(name, region(here)), trade if way.secret.is_pin else ""
    new = NewUser(name, ((trade, role),), kind.name, hashed, folded=folded, secret_of=of)
    user_id, is_new = database.run(JoinOrganisation(org_id, new, utc_now()))
    print(f"user {user_id}: {name} is {role} of {trade}")
    if hashed is None and is_new:
        _print_link(database, org_id, user_id, trade, data)


def _way(trade: "Trade", name: str) -> "SignIn":
    """How somebody of this name signs in: with a PIN where it is a number of that kind, else as the staff does."""
    way = trade.sign_in
    return way if not way.secret.is_pin or way.kind_of(name).fits(name) else way.staff


def _check_role(trade: "Trade", role: str) -> None:
    if trade.role(role) is None:
        names = ", ".join(each.name for each in trade.roles)
        raise RuntimeError(f"{trade.name} has no role {role}; it has {names}")


def _hashed(way: "SignIn", data: Path | None) -> str:
    from tradehall.kernel.people import derived, hash_password

    settings = read_settings(data)
    secret = sys.stdin.readline().rstrip("\n")
    if wrong := way.secret.wrong(secret, settings.debug):
        raise RuntimeError(wrong[0].lower() + wrong[1:].rstrip("."))
    return hash_password(secret, derived(settings.secret(), "pins") if way.secret.is_pin else "")


def _print_link(database: "Database", org_id: int, user_id: int, trade: str, data: Path | None) -> None:
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import CreateLink

    secret = database.run(CreateLink(org_id, user_id, utc_now(), trade))
    print(f"a link to choose a password, good for one day: {read_settings(data).base_url}/welcome/{secret}")


@user.command(name="list")
def user_list(*, trade: str, org: str | None = None, data: Data = None) -> None:
    """List the people of a trade."""
    for each in _people(trade, org, data)[1]:
        state = "waiting" if each.waits_since else "active" if each.is_active else "disabled"
        print(f"{each.name}\t{each.role}\t{state}\torganisation {each.org_id}")


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
    _print_link(database, found.org_id, found.user_id, trade, data)


def _change(name: str, trade: str, org: str | None, data: Path | None, **changes: Any) -> None:
    from tradehall.kernel.office import utc_now
    from tradehall.kernel.people import ChangeMember

    database, found = _member(name, trade, org, data)
    owner = the_trade(trades_named(), trade).owner.name
    database.run(ChangeMember(found, utc_now(), owner=owner, **changes))


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
