"""Identities: whom an OpenID provider signs in, and whose account here that is."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tradehall.kernel.contracts import Contract, dumps
from tradehall.kernel.database import Batch, Session, Undone, Work
from tradehall.kernel.errors import Denied, Missing, Refused, Unauthenticated
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import show
from tradehall.kernel.openid import WAY_LASTS, Profile, Provider, Way
from tradehall.kernel.people.account import myself
from tradehall.kernel.people.admin import dry
from tradehall.kernel.people.attempts import Candidate
from tradehall.kernel.people.declared import CLOSED, EMAIL, FOUND, JOIN
from tradehall.kernel.people.entry import (
    WAITS,
    Admit,
    Granted,
    Waiting,
    already,
    chosen,
    closed,
    coming,
    free,
    granted_answer,
    must_wait,
    named,
    only,
    region,
    registering,
    wait,
    waiting_answer,
)
from tradehall.kernel.people.members import ANY_TRADE, CreateUser, Member, NewUser, places, secret_of, tell
from tradehall.kernel.people.paths import DRY, service, session_model
from tradehall.kernel.people.tables import IDENTITIES, SIGN_IN_NAMES, USERS
from tradehall.kernel.verbs import ANYBODY, MEMBER

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

COOKIE = "openid"
WHICH = {"organisation": {"type": "string", "description": "Its number or name, where there are several."}}
BACK = {name: {"type": "string"} for name in ("code", "state", "error")}
TAKEN = "This account is linked to somebody else here"
NOBODY = "Nobody here is known by this account: ask for one of your own, or sign in and link it"
UNLINKED = "This account is linked no more: sign in here in another way and link it again"
LAST = "Nothing else signs you in: have a link sent to choose a password first, or link another account"
REFUSED = "You are not signed in"


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of signing in with a provider."""
    at = f"{trade.prefix}/auth/openid"
    errors = {"state_mismatch": 400}
    yield Contract("GET", at, service("providers", ANYBODY, providers))
    yield Contract("GET", f"{at}/linked", service("linked", MEMBER, linked_to))
    sets_out = service("start", ANYBODY, start, query=WHICH, in_browser=REFUSED)
    yield Contract("GET", f"{at}/{{provider}}/start", sets_out, 302)
    yield Contract("POST", f"{at}/{{provider}}/link", service("link_identity", MEMBER, link))
    yield Contract("DELETE", f"{at}/{{provider}}/link", service("unlink_identity", MEMBER, unlink, query=DRY), 204)
    back = service("callback", ANYBODY, callback, answers=session_model(trade), query=BACK, in_browser=REFUSED)
    yield Contract("GET", f"{at}/{{provider}}/callback", back, errors=errors)


async def providers(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """The providers to sign in with."""
    at = f"{trade.prefix}/auth/openid"
    return Answer(200, dumps([{"name": name, "start": f"{at}/{name}/start"} for name in office.outside.openid]))


def _provider(office: "Office", call: "Call") -> Provider:
    found = office.outside.openid.get(call.path["provider"])
    if found is None:
        raise Missing("There is no such sign-in provider")
    return found


def _way(trade: "Trade", call: "Call") -> Way:
    name = call.path["provider"]
    back = f"{call.caller.base}{trade.prefix}/auth/openid/{name}/callback"
    return Way(trade.name, name, back, call.actor.user_id, call.actor.org_id, call.query.get("organisation", "")[:200])


def _kept(office: "Office", call: "Call", way: Way) -> dict[str, str]:
    secure = "; Secure" if call.caller.is_secure else ""
    lasts = int(WAY_LASTS.total_seconds())
    cookie = f"{COOKIE}={way.sealed(office.way_key, call.now)}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}"
    return {"Set-Cookie": cookie, "Cache-Control": "no-store"}


async def start(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """Go to a provider to sign in there."""
    way = _way(trade, call)
    address = await _provider(office, call).address(way)
    return Answer(302, b"", {"Location": address} | _kept(office, call, way))


async def link(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """Ask for one's account to be linked to a provider's; the answer says where to go for that."""
    provider = _provider(office, call)
    if not call.actor.user_id:
        raise Refused("nobody", "Nobody in particular is signed in")
    way = _way(trade, call)
    return Answer(200, dumps({"address": await provider.address(way)}), _kept(office, call, way))


async def callback(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """Come back from a provider, and be signed in."""
    provider = _provider(office, call)
    way = Way.opened(call.caller.way, office.way_key, call.query.get("state", ""), call.now)
    if (way.trade, way.provider) != (trade.name, call.path["provider"]):
        raise Denied("This sign-in was begun elsewhere; begin again", "state_mismatch")
    if not (code := call.query.get("code", "")):
        raise Unauthenticated("You were not signed in there", "not_signed_in")
    profile = await provider.profile(way, code, call.now)
    candidate = await office.database.read(0, lambda db: _candidate(db, trade, profile, way, region(trade)))
    device = call.caller.device or secrets.token_urlsafe(24)
    granted: Granted | Waiting
    if candidate.places:
        place = chosen(candidate, way.org_id or await named(office, way.organisation or None))
        if not place.is_active:
            raise closed(place)
        granted = await office.database.unit(AdmitLinked(office, trade, call, place.org_id, place, device, profile))
    else:
        granted = await _registered(office, trade, call, way, profile, device)
    if isinstance(granted, Waiting):
        return replace(waiting_answer(granted), page=("You have registered", f"{WAITS}."))
    answer, name = granted_answer(office, trade, call, granted, device), granted.of.name
    if way.user_id:
        return replace(answer, page=("Your account is linked", f"From now on it signs {name} in to {trade.title}."))
    return replace(answer, page=("You are signed in", f"You are signed in to {trade.title} as {name}."))


async def _registered(
    office: "Office", trade: "Trade", call: "Call", way: Way, profile: Profile, device: str
) -> Granted | Waiting:
    """Register whom nobody here knows, as the form does: into an organisation, or into one that they found."""
    new = _registering(trade, way, profile)
    await office.database.unit(registering(call))
    founds = trade.register.how is FOUND
    org_id = 0 if founds else await only(office, replace(call, query=_asked(way)))
    if founds:
        await free(office, trade, new)
    name = way.organisation.strip() or new.name
    granted: Granted | Waiting = await coming(
        office, org_id, name, call, lambda place: AdmitLinked(office, trade, call, place, new, device, profile)
    )
    return granted


def _asked(way: Way) -> dict[str, str]:
    return {"organisation": way.organisation} if way.organisation else {}


def _registering(trade: "Trade", way: Way, profile: Profile) -> NewUser:
    """Who registers by signing in, where whoever wants may and nothing more is asked; raises Denied elsewhere."""
    how = trade.register
    is_open = how.how in (JOIN, FOUND) and not how.asks and not how.also and EMAIL in trade.sign_in.kinds
    if not is_open or way.user_id or not profile.email:
        raise Denied(NOBODY, "not_linked")
    role = trade.owner if how.how is FOUND else trade.roles[0]
    roles, folded = ((trade.name, role.name),), EMAIL.folded(profile.email, region(trade))
    return NewUser(profile.email, roles, EMAIL.name, None, folded=folded, full_name=profile.name or None)


def _candidate(session: Session, trade: "Trade", profile: Profile, way: Way, where: str) -> Candidate:
    """Whose account it is; raises Refused where somebody asks for one that is another's, Denied where it was unlinked."""
    row = identity(session, trade.name, profile)
    known = row.user_id if row is not None and row.unlinked_at is None else None
    if way.user_id and known not in (None, way.user_id):
        raise Refused("identity_taken", TAKEN)
    if row is not None and known is None and not way.user_id:
        raise Denied(UNLINKED, "unlinked")
    user_id = known or way.user_id or _by_address(session, trade, profile, where)
    found = tuple(places(session, user_id, trade.name)) if user_id else ()
    return Candidate(user_id or 0, None, found, (), False)


def _this(trade: str, profile: Profile) -> tuple[sa.ColumnElement[bool], ...]:
    ids = IDENTITIES.c
    return (ids.trade == trade, ids.issuer == profile.issuer, ids.subject == profile.subject)


def identity(session: Session, trade: str, profile: Profile) -> Any:
    """What is known of a provider's account: whose it is here, or was."""
    return session.execute(sa.select(IDENTITIES).where(*_this(trade, profile))).first()


def _by_address(session: Session, trade: "Trade", profile: Profile, where: str) -> int | None:
    """Who signs in with the address that the provider has verified.

    Where anybody may register, somebody else may have registered with it before: then it has to be verified here too.
    """
    if not profile.email:
        return None
    names = SIGN_IN_NAMES.c
    mine = (names.trade == trade.name, names.kind == EMAIL.name, names.folded == EMAIL.folded(profile.email, where))
    row = session.execute(sa.select(names.user_id, names.verified_at).where(*mine)).first()
    trusted = row is not None and (row.verified_at is not None or trade.register.how is CLOSED)
    return row.user_id if row is not None and trusted else None


class AdmitLinked(Work):
    """Link a provider's account to a person's, who may be new, and open a session."""

    def __init__(
        self, office: "Office", trade: "Trade", call: "Call", org_id: int, who: Member | NewUser, device: str,
        profile: Profile,
    ) -> None:  # fmt: skip
        self.office, self.trade, self.call, self.org_id = office, trade, call, org_id
        self.who, self.device, self.profile = who, device, profile

    def run(self, batch: Batch) -> Granted | Waiting:
        place = self.who if isinstance(self.who, Member) else self._join(batch, self.who)
        row = identity(batch.session, place.trade, self.profile)
        if row is None or row.unlinked_at is not None:
            self._link(batch, place, row)
        elif row.user_id != place.user_id:
            raise Refused("identity_taken", TAKEN)
        if place.waits_since is not None:
            return wait(batch, self.trade, self.call, place)
        return Admit(self.office, self.trade, self.call, place, self.device).run(batch)

    def _link(self, batch: Batch, place: Member, former: Any) -> None:
        session, call, profile = batch.session, self.call, self.profile
        values = {"user_id": place.user_id, "linked_at": call.now, "unlinked_at": None}
        if former is not None:
            session.execute(sa.update(IDENTITIES).where(*_this(place.trade, profile)).values(values))
        else:
            known_as = {"trade": place.trade, "issuer": profile.issuer, "subject": profile.subject}
            try:
                session.execute(sa.insert(IDENTITIES).values(known_as | values))
            except IntegrityError as error:  # in another organisation at the same moment
                raise Refused("identity_taken", TAKEN) from error
        label, told = f"user:{place.user_id}", {"identity": [None, profile.issuer]}
        tell(batch, "user.link", place.user_id, place.trade, label, call.now, told, origin=call.origin)

    def _join(self, batch: Batch, who: NewUser) -> Member:
        new = replace(who, waits=must_wait(batch, self.trade))
        try:
            user_id = CreateUser(self.org_id, new, self.call.now, "registration", self.call.origin).run(batch)
        except Refused as taken:
            raise already(self.trade.sign_in, taken) from taken
        mine = (SIGN_IN_NAMES.c.user_id == user_id, SIGN_IN_NAMES.c.trade == self.trade.name)
        batch.session.execute(sa.update(SIGN_IN_NAMES).where(*mine).values(verified_at=self.call.now))
        (place,) = places(batch.session, user_id, self.trade.name)
        return place


# One's own.


async def linked_to(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """The accounts elsewhere that sign one in."""
    found = await myself(office, trade, call)
    names = {provider.issuer: name for name, provider in office.outside.openid.items()}
    query = sa.select(IDENTITIES).where(*_linked(found)).order_by(IDENTITIES.c.linked_at.desc(), IDENTITIES.c.subject)
    rows = await office.database.read(0, lambda db: list(db.execute(query)))
    listed = [
        {"provider": names.get(row.issuer), "issuer": row.issuer, "linked_at": show(row.linked_at)} for row in rows
    ]
    return Answer(200, dumps(listed), {"X-Total-Count": str(len(listed))})


def _linked(of: Member) -> tuple[sa.ColumnElement[bool], ...]:
    ids = IDENTITIES.c
    return (ids.trade == of.trade, ids.user_id == of.user_id, ids.unlinked_at.is_(None))


class Unlink(Work):
    """Unlink a person's account at a provider, unless nothing else signs them in. It is remembered as theirs no more."""

    def __init__(self, of: Member, issuer: str, known: frozenset[str], call: "Call") -> None:
        self.org_id, self.of, self.issuer, self.known, self.call = of.org_id, of, issuer, known, call

    def run(self, batch: Batch) -> None:
        session, of, call = batch.session, self.of, self.call
        # One at a time, also where they are members of several organisations.
        session.execute(sa.select(USERS.c.id).where(USERS.c.id == of.user_id).with_for_update())
        issuers = set(session.execute(sa.select(IDENTITIES.c.issuer).where(*_linked(of))).scalars())
        if self.issuer not in issuers:
            raise Missing("Your account is not linked there")
        has_secret = any(secret_of(session, of.user_id, each) for each in (ANY_TRADE, of.trade))
        if not has_secret and not (issuers - {self.issuer}) & self.known:
            raise Refused("last_way_in", LAST)
        leaving = (*_linked(of), IDENTITIES.c.issuer == self.issuer)
        session.execute(sa.update(IDENTITIES).where(*leaving).values(unlinked_at=call.now))
        told = {"identity": [self.issuer, None]}
        tell(batch, "user.unlink", of.user_id, of.trade, f"user:{of.user_id}", call.now, told, origin=call.origin)
        if call.dry_run:
            raise Undone(None)


async def unlink(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """Unlink one's account at a provider: it signs one in no more. The last way to sign in stays."""
    provider, found = _provider(office, call), await myself(office, trade, call)
    known = frozenset(each.issuer for each in office.outside.openid.values())
    await office.database.unit(Unlink(found, provider.issuer, known, call))
    return dry(call, 200, {}) if call.dry_run else Answer(204, b"")
