"""Identities: whom an OpenID provider signs in, and whose account here that is."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tradehall.kernel.columns import KEY, Utc
from tradehall.kernel.contracts import Contract, dumps
from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Denied, Missing, Refused, Unauthenticated
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.openid import WAY_LASTS, Profile, Provider, Way
from tradehall.kernel.people.attempts import Candidate
from tradehall.kernel.people.declared import CLOSED, EMAIL, JOIN
from tradehall.kernel.people.entry import Admit, Granted, chosen, granted_answer, named, only, region
from tradehall.kernel.people.members import CreateUser, Member, NewUser, places, tell
from tradehall.kernel.people.paths import service, session_model
from tradehall.kernel.people.tables import SIGN_IN_NAMES
from tradehall.kernel.records import METADATA
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
IDENTITIES = sa.Table(
    "identities",
    METADATA,
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("issuer", sa.String(255), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("linked_at", Utc, nullable=False),
)


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of signing in with a provider."""
    at = f"{trade.prefix}/auth/openid"
    errors = {"state_mismatch": 400}
    yield Contract("GET", at, service("providers", ANYBODY, providers))
    yield Contract("GET", f"{at}/{{provider}}/start", service("start", ANYBODY, start, query=WHICH), 302)
    yield Contract("POST", f"{at}/{{provider}}/link", service("link_identity", MEMBER, link))
    back = service("callback", ANYBODY, callback, answers=session_model(trade), query=BACK)
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
    place: Member | NewUser
    if candidate.places:
        place = chosen(candidate, way.org_id or await named(office, way.organisation or None))
        org_id = place.org_id
        if not place.is_active:
            raise Denied("This account is not active", "inactive")
    else:
        place, org_id = _joining(trade, profile), await only(office, replace(call, query=_asked(way)))
    granted = await office.database.unit(AdmitLinked(office, trade, call, org_id, place, device, profile))
    return granted_answer(office, trade, call, granted, device)


def _asked(way: Way) -> dict[str, str]:
    return {"organisation": way.organisation} if way.organisation else {}


def _joining(trade: "Trade", profile: Profile) -> NewUser:
    """Who joins by signing in, where whoever wants may join and nothing more is asked; raises Denied elsewhere."""
    how = trade.register
    if how.how is not JOIN or how.asks or how.also or EMAIL not in trade.sign_in.kinds or not profile.email:
        raise Denied(NOBODY, "not_linked")
    roles, folded = ((trade.name, trade.roles[0].name),), EMAIL.folded(profile.email, region(trade))
    return NewUser(profile.email, roles, EMAIL.name, None, folded=folded, full_name=profile.name or None)


def _candidate(session: Session, trade: "Trade", profile: Profile, way: Way, where: str) -> Candidate:
    """Whose account it is; raises Refused where somebody asks for one that is another's."""
    known = linked(session, trade.name, profile)
    if way.user_id and known not in (None, way.user_id):
        raise Refused("identity_taken", TAKEN)
    user_id = known or way.user_id or _by_address(session, trade, profile, where)
    found = tuple(places(session, user_id, trade.name)) if user_id else ()
    return Candidate(user_id or 0, None, found, (), False)


def linked(session: Session, trade: str, profile: Profile) -> int | None:
    """Whose account a provider's is linked to."""
    ids = IDENTITIES.c
    mine = (ids.trade == trade, ids.issuer == profile.issuer, ids.subject == profile.subject)
    return session.execute(sa.select(ids.user_id).where(*mine)).scalar()


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

    def run(self, batch: Batch) -> Granted:
        session, call, profile = batch.session, self.call, self.profile
        place = self.who if isinstance(self.who, Member) else self._join(batch, self.who)
        known = linked(session, place.trade, profile)
        if known is None:
            identity = {"trade": place.trade, "issuer": profile.issuer, "subject": profile.subject}
            try:
                values = identity | {"user_id": place.user_id, "linked_at": call.now}
                session.execute(sa.insert(IDENTITIES).values(values))
            except IntegrityError as error:  # in another organisation at the same moment
                raise Refused("identity_taken", TAKEN) from error
            label, told = f"user:{place.user_id}", {"identity": [None, profile.issuer]}
            tell(batch, "user.link", place.user_id, place.trade, label, call.now, told, origin=call.origin)
        elif known != place.user_id:
            raise Refused("identity_taken", TAKEN)
        return Admit(self.office, self.trade, call, place, self.device).run(batch)

    def _join(self, batch: Batch, new: NewUser) -> Member:
        user_id = CreateUser(self.org_id, new, self.call.now, "registration", self.call.origin).run(batch)
        mine = (SIGN_IN_NAMES.c.user_id == user_id, SIGN_IN_NAMES.c.trade == self.trade.name)
        batch.session.execute(sa.update(SIGN_IN_NAMES).where(*mine).values(verified_at=self.call.now))
        (place,) = places(batch.session, user_id, self.trade.name)
        return place
