"""Coming in: signing in, registering, and going on with a refresh token."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import dumps
from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Denied, Problem, Refused, Unauthenticated, field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import show
from tradehall.kernel.people.attempts import (
    HOUR,
    Attempt,
    Budget,
    Candidate,
    ReserveAttempt,
    Spend,
    give_back,
)
from tradehall.kernel.people.declared import CLOSED, EMAIL, FOUND, JOIN, Kind, SignIn
from tradehall.kernel.people.letters import post
from tradehall.kernel.people.links import ADDRESS, digest
from tradehall.kernel.people.members import (
    ANY_TRADE,
    CreateUser,
    Member,
    NewUser,
    holder,
    keep_secret,
    member,
    names_of,
    tell,
)
from tradehall.kernel.people.organisations import CreateOrganisation, DropOrganisation, organisations
from tradehall.kernel.people.passwords import hash_password, hashing, verify_password
from tradehall.kernel.people.sessions import Device, RefreshToken, open_session
from tradehall.kernel.preferences import APPROVAL, REGION, PreferenceBook, Preferences
from tradehall.kernel.reader import Reader
from tradehall.kernel.verbs import Actor

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call, Caller
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

log = logging.getLogger("tradehall")
DEVICE_LASTS = 400 * 24 * 3600
REGISTRATIONS = 20
"""How many may register from one address within an hour."""
WAITS = "Your registration waits for approval"


def described(reader: Reader, found: Member) -> Any:
    """A person as a client of the trade sees them."""
    base = {
        "id": found.user_id, "uid": found.uid, "username": found.name, "full_name": found.full_name, "email": None,
        "role": found.role, "is_active": found.is_active, "created_at": show(found.created_at),
        "updated_at": show(found.updated_at), "organisation_id": found.org_id,
        **names_of(reader.session, found.user_id, found.trade),
    }  # fmt: skip
    shape = reader.trade.sign_in.user
    return shape(reader, base) if shape is not None else {name: base[name] for name in base if name != "uid"}


def acting(found: Member, session: int = 0) -> Actor:
    """A member as the one who acts."""
    return Actor(found.org_id, found.trade, found.role, found.user_id, found.name, session=session)


def region(trade: Trade) -> str:
    """The country of telephone numbers without one; names are unique in a trade, so it is the trade's."""
    found: str = trade.preferences[REGION.name].default
    return found


def pepper(office: Office, way: SignIn) -> str:
    """What is mixed into a PIN."""
    return office.pepper if way.secret.is_pin else ""


@dataclass(frozen=True)
class Granted:
    """A session that was opened: its first refresh token, and who it is for, as a client sees them."""

    token: RefreshToken
    of: Member
    user: Any


@dataclass(frozen=True)
class Waiting:
    """Who has registered, as a client sees them, and comes in when that is approved."""

    user: Any


def closed(place: Member) -> Denied:
    """Why somebody does not come in who has proved who they are."""
    if place.waits_since is not None:
        return Denied(WAITS, "waiting")
    return Denied("This account is not active", "inactive")


def must_wait(batch: Batch, trade: Trade) -> bool:
    """Whether whoever joins this organisation waits for approval."""
    if trade.register.how is not JOIN:
        return False
    return bool(Preferences(trade.preferences, batch.book(PreferenceBook).of(trade.name))[APPROVAL.name])


class Admit(Work):
    """The secret was right: a session is opened, its tries are forgiven, and a hash of an old kind is replaced."""

    def __init__(
        self, office: Office, trade: Trade, call: Call, place: Member, device: str,
        tried: tuple[Attempt, Candidate, str | None] | None = None,
    ) -> None:  # fmt: skip
        self.org_id, self.lasts = place.org_id, office.terms.refresh_lasts
        self.trade, self.call, self.place, self.tried = trade, call, place, tried
        self.device = Device(device, call.caller.agent, call.caller.source)

    def run(self, batch: Batch) -> Granted:
        session, now = batch.session, self.call.now
        if self.tried is not None:
            attempt, candidate, renewed = self.tried
            give_back(session, candidate, attempt)
            if renewed is not None:
                keep_secret(session, candidate.user_id, attempt.secret_of, renewed, now)
        place = member(session, self.place.user_id, self.org_id, self.trade.name)
        if place is None or not place.is_active:
            raise closed(self.place if place is None else place)
        token = open_session(session, place, self.device, now, self.lasts)
        tell(batch, "user.sign_in", place.user_id, place.trade, acting(place).label, now, {}, origin=self.call.origin)
        return Granted(token, place, described(Reader(session, self.trade, acting(place), now), place))


async def sign_in(office: Office, trade: Trade, call: Call, way: SignIn) -> Answer:
    """Check a secret and open a session; the same answer, as slowly, for a name that nobody has (P-13)."""
    granted, device = await come_in(office, trade, call, way)
    return granted_answer(office, trade, call, granted, device)


async def come_in(office: Office, trade: Trade, call: Call, way: SignIn) -> tuple[Granted, str]:
    """Check a secret and open a session; gives it with the secret of the device."""
    attempt, candidate, renewed = await tried(office, trade, call, way)
    place = chosen(candidate, await named(office, getattr(call.body, "organisation", None)))
    if way.admits is not None and not way.admits(place, call.body):
        raise Unauthenticated(way.wrong, "wrong_credentials")
    if not place.is_active:
        raise closed(place)
    device = call.caller.device or secrets.token_urlsafe(24)
    granted = await office.database.unit(Admit(office, trade, call, place, device, (attempt, candidate, renewed)))
    return granted, device


async def tried(office: Office, trade: Trade, call: Call, way: SignIn) -> tuple[Attempt, Candidate, str | None]:
    """Count a try, and look at the secret; raises Unauthenticated or Throttled."""
    shown: str = getattr(call.body, way.name)
    secret: str = getattr(call.body, way.secret.name)
    kind = way.kind_of(shown)
    device = digest(call.caller.device) if call.caller.device else ""
    folded = kind.folded(shown, region(trade))
    attempt = Attempt(trade.name, kind.name, folded, call.caller.source, device, way.secret.is_pin)
    candidate: Candidate = await office.database.unit(ReserveAttempt(attempt, call.now))
    right, renewed = await hashing(verify_password, secret, candidate.stored, pepper(office, way))
    if not right or not candidate.places:
        raise Unauthenticated(way.wrong, "wrong_credentials")
    return attempt, candidate, renewed


async def named(office: Office, wanted: int | str | None) -> int | None:
    """The organisation of a number or name; 0 where there is none such, None where none was named."""
    if wanted is None:
        return None
    known = await office.database.read(0, organisations)
    return next((org_id for org_id, name in known if str(wanted) in (str(org_id), name)), 0)


def chosen(candidate: Candidate, wanted: int | None) -> Member:
    """The place to sign in to: the only one, or that of the organisation which was named. Raises Refused."""
    places = [each for each in candidate.places if wanted in (None, each.org_id)]
    if not places:
        raise Denied("You have no place in this organisation", "elsewhere")
    open_now = [each for each in places if each.is_active] or places
    if len(open_now) > 1:
        listed = [each.org_id for each in open_now]
        raise Refused("choose_organisation", "Say which organisation you sign in to", organisations=listed)
    return open_now[0]


def granted_answer(
    office: Office, trade: Trade, call: Call, granted: Granted, device: str, status: int = 200
) -> Answer:
    """The answer to a sign-in, in the trade's shape; the device's secret is in a header and in a cookie."""
    return Answer(status, dumps(session_body(office, trade, call, granted)), device_headers(device, call.caller))


def session_body(office: Office, trade: Trade, call: Call, granted: Granted) -> Any:
    """Both tokens with what belongs to them."""
    minutes = trade.token_minutes or office.terms.minutes
    return trade.sign_in.session({
        "access_token": access_token(office, trade, call, granted),
        "refresh_token": str(granted.token), "token_type": "bearer", "expires_in": minutes * 60, "user": granted.user,
    })  # fmt: skip


def access_token(office: Office, trade: Trade, call: Call, granted: Granted) -> str:
    """The access token of a session."""
    minutes = trade.token_minutes or office.terms.minutes
    return office.tokens.issue(granted.of, call.now, minutes, granted.token.session)


def device_headers(device: str, caller: Caller) -> Mapping[str, str]:
    """What makes a device known again. It proves nothing: it only keeps strangers from using up its tries."""
    secure = "; Secure" if caller.is_secure else ""
    cookie = f"device={device}; Path=/; Max-Age={DEVICE_LASTS}; HttpOnly; SameSite=Lax{secure}"
    return {"X-Device-Token": device, "Set-Cookie": cookie, "Cache-Control": "no-store"}


# Registering.


async def register(office: Office, trade: Trade, call: Call) -> Answer:
    """Register oneself, and be signed in where the trade says so."""
    granted, device = await registered(office, trade, call)
    if isinstance(granted, Waiting):
        return waiting_answer(granted)
    if trade.register.signs_in:
        return granted_answer(office, trade, call, granted, device, trade.register.status)
    return Answer(trade.register.status, dumps(granted.user))


async def registered(office: Office, trade: Trade, call: Call) -> tuple[Granted | Waiting, str]:
    """Register oneself; gives the session, or that one waits, with the secret of the device."""
    way, how = trade.sign_in, trade.register
    assert how.how is not CLOSED  # noqa: S101 - there the owner alone registers people
    new = await new_user(office, trade, call, way, _role_of(trade, call))
    await office.database.unit(registering(call))
    org_id = 0 if how.how is FOUND else await only(office, call)
    await free(office, trade, new)
    hashed = await hashing(hash_password, getattr(call.body, way.secret.name), pepper(office, way))
    device = call.caller.device or secrets.token_urlsafe(24)
    name = str(getattr(call.body, "organisation", None) or new.name)
    granted: Granted | Waiting = await coming(
        office, org_id, name, call, lambda place: Enrol(office, trade, call, place, new, hashed, device)
    )
    return granted, device


def waiting_answer(waiting: Waiting) -> Answer:
    """The answer to a registration that waits for approval: accepted, and not done yet."""
    return Answer(202, dumps({"message": WAITS, "user": waiting.user}), {"Cache-Control": "no-store"})


def registering(call: Call) -> Spend:
    """Count a registration."""
    return Spend((Budget(f"register:{call.caller.source}", REGISTRATIONS, HOUR),), call.now)


async def coming(office: Office, org_id: int, name: str, call: Call, enrol: Callable[[int], Work]) -> Any:
    """Enrol somebody in an organisation, or in one of this name that is founded for them, and only with them."""
    place = org_id or await office.database.unit(CreateOrganisation(name, call.now))
    try:
        granted = await office.database.unit(enrol(place))
    except Problem:
        if not org_id:
            await office.database.unit(DropOrganisation(place))
        raise
    office.worker.wake.set()
    return granted


def _role_of(trade: Trade, call: Call) -> str:
    # Nobody chooses a role that the trade has not opened to everybody (P-17).
    if trade.register.role is not None:
        return trade.register.role(call.body).name
    return (trade.owner if trade.register.how is FOUND else trade.roles[0]).name


async def only(office: Office, call: Call) -> int:
    """The organisation that was named, or the only one; raises Invalid."""
    known = await office.database.read(0, organisations)
    wanted = getattr(call.body, "organisation", None) or call.query.get("organisation")
    found = [each for each, name in known if wanted is None or str(wanted) in (str(each), name)]
    if len(found) != 1:
        sentence = "Say which organisation" if wanted is None else "There is no such organisation"
        raise field_error(["body", "organisation"], sentence)
    return found[0]


async def free(office: Office, trade: Trade, new: NewUser) -> None:
    """See that nobody has the names, before anything is founded for them; raises Refused."""
    names = ((new.kind, new.folded), *((kind, folded) for kind, _, folded in new.more))

    def taken(session: Session) -> str | None:
        return next((kind for kind, folded in names if holder(session, trade.name, kind, folded)), None)

    if (kind := await office.database.read(0, taken)) is not None:
        raise already(trade.sign_in, Refused("name_taken", "", kind=kind))


async def new_user(office: Office, trade: Trade, call: Call, way: SignIn, role: str) -> NewUser:
    """Who a request describes, checked; raises Invalid. The secret is hashed later."""
    body, where = call.body, region(trade)
    given = [(kind, shown) for kind in way.kinds if (shown := getattr(body, kind.name, None))]
    if (contact := getattr(body, "email", None)) and all(kind.name != "email" for kind, _ in given):
        given.append((Kind("email"), contact))
    for kind, shown in given:
        if kind in way.kinds and way.kind_of(shown) != kind:
            raise field_error(["body", kind.name], f"{kind.called()} can't look like another kind of name")
    secret = getattr(body, way.secret.name, None)
    if secret is not None and (wrong := way.secret.wrong(secret, office.terms.weak_passwords)):
        raise field_error(["body", way.secret.name], wrong)
    names = [(kind.name, shown, kind.folded(shown, where)) for kind, shown in given]
    (first, shown, folded), more = names[0], tuple(names[1:])
    of = trade.name if way.secret.is_pin else ANY_TRADE
    return NewUser(shown, ((trade.name, role),), first, None, more, folded, getattr(body, "full_name", None), of)


class Enrol(Work):
    """Create who registers, together with what the trade keeps of them, and open a session or let them wait."""

    def __init__(
        self, office: Office, trade: Trade, call: Call, org_id: int, new: NewUser, hashed: str, device: str
    ) -> None:
        self.office, self.trade, self.call, self.org_id = office, trade, call, org_id
        self.new, self.hashed, self.device = new, hashed, device

    def run(self, batch: Batch) -> Granted | Waiting:
        trade, call, new = self.trade, self.call, replace(self.new, waits=must_wait(batch, self.trade))
        create = CreateUser(self.org_id, new, call.now, "registration", call.origin)
        try:
            user_id = create.run(batch)
        except Refused as taken:
            raise already(trade.sign_in, taken) from taken
        keep_secret(batch.session, user_id, new.secret_of, self.hashed, call.now)
        if EMAIL.name in (new.kind, *(kind for kind, _, _ in new.more)):
            post(batch.session, self.org_id, trade.name, user_id, ADDRESS, call.now)
        place = member(batch.session, user_id, self.org_id, trade.name)
        assert place is not None  # noqa: S101 - it was made a line ago
        if trade.register.also is not None:
            ctx = Context(batch, trade, acting(place), call.now, call.origin)
            with ctx.happening("user.register"):
                trade.register.also(ctx, user_id, call.body)
            ctx.flush()
        if new.waits:
            return wait(batch, trade, call, place)
        return Admit(self.office, trade, call, place, self.device).run(batch)


def wait(batch: Batch, trade: Trade, call: Call, place: Member) -> Waiting:
    """Tell whoever looks after the people that somebody waits for approval."""
    ctx = Context(batch, trade, acting(place), call.now, call.origin)
    with ctx.happening("user.wait"):
        ctx.notify(trade.owner, "registration_waits", person=place.user_id, name=place.name, once=place.user_id)
    return Waiting(described(Reader(batch.session, trade, acting(place), call.now), place))


def already(way: SignIn, taken: Refused) -> Refused:
    """The same refusal as a client of the trade reads it: "Email already registered"."""
    kinds = {kind.name: kind.called() for kind in way.kinds}
    name = kinds.get(taken.details.get("kind", ""), "Email")
    return Refused(taken.code, f"{name} already registered")
