"""The paths of people, made for every trade from what it declares."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, StringConstraints, create_model

from tradehall.kernel.columns import Email, clean
from tradehall.kernel.contracts import Contract, Service
from tradehall.kernel.people import account, admin, entry, invitations, registrations, renewal
from tradehall.kernel.people.declared import CLOSED, EMAIL, JOIN, SignIn, Text
from tradehall.kernel.people.passwords import LONGEST_PASSWORD
from tradehall.kernel.verbs import ANYBODY, MEMBER, By

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

Secret = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PASSWORD)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FullName = Annotated[str, StringConstraints(max_length=255), BeforeValidator(clean)]
Organisation = int | Annotated[str, StringConstraints(max_length=200)] | None
Does = Callable[..., Awaitable[Any]]


DRY = {"dry_run": {"type": "boolean", "default": False, "description": "Answer what would change."}}
WHICH = {"organisation": {"type": "string", "description": "Its number or name, where there are several."}}


class Sentence(BaseModel):
    """That something is done, as a sentence."""

    message: str


class RefreshForm(BaseModel):
    """A refresh token."""

    refresh_token: Annotated[str, StringConstraints(max_length=4000)] | None = None


class TokenForm(BaseModel):
    """The secret of a one-time link."""

    token: Token


class Spoken(BaseModel):
    """The language in which somebody wants to be spoken to; null is for that of their browser."""

    language: Annotated[str, StringConstraints(max_length=10)] | None


class UserChanges(BaseModel):
    """What of a user is to change."""

    role: Annotated[str, StringConstraints(max_length=40)] | None = None
    is_active: bool | None = None


class Invitation(BaseModel):
    """In which role somebody is invited."""

    role: Annotated[str, StringConstraints(max_length=40)]


class User(BaseModel):
    """A person in this trade."""

    id: int | str
    role: str | None = None
    is_active: bool | None = None


def session_model(trade: "Trade") -> type[BaseModel]:
    """A new session; `expires_in` is in seconds."""
    return create_model(
        "Session", __doc__=session_model.__doc__, access_token=(str, ...), refresh_token=(str, ...),
        token_type=(str, "bearer"), expires_in=(int, ...), user=(User, ...),
    )  # fmt: skip


def credentials(way: SignIn, name: str) -> type[BaseModel]:
    """The request of a sign-in: a name of any of the kinds, called as any of them, and the secret."""
    others = [kind.name for kind in way.kinds]
    fields: dict[str, Any] = {
        way.name: (Text, Field(validation_alias=AliasChoices(*others)) if len(others) > 1 else ...),
        way.secret.name: (Secret, ...),
        "organisation": (Organisation, None),
    }
    return create_model(name, __base__=way.asks, __doc__="A sign-in name and what proves it.", **fields)


def _names(way: SignIn, *, all_of_them: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for kind in way.kinds:
        fields[kind.name] = (kind.form, ...) if all_of_them else (kind.form | None, None)
    fields.setdefault(EMAIL.name, (Email | None, None))
    fields["full_name"] = (FullName | None, Field(None, validation_alias=AliasChoices("full_name", "name")))
    return fields


def register_form(trade: "Trade") -> type[BaseModel]:
    """The request of a registration: a name of every kind, the secret, and what the trade asks for besides."""
    way = trade.sign_in
    fields = _names(way, all_of_them=True) | {way.secret.name: (Secret, ...), "organisation": (Organisation, None)}
    return create_model("Registration", __base__=trade.register.asks, __doc__="Who registers.", **fields)


def user_form(trade: "Trade", name: str, **more: Any) -> type[BaseModel]:
    """The request that makes a user: any kind of name, and a secret where one is chosen already."""
    ways = (trade.sign_in, trade.sign_in.staff)
    fields: dict[str, Any] = {}
    for way in ways:
        fields |= _names(way, all_of_them=False) | {way.secret.name: (Secret | None, None)}
    return create_model(name, __doc__="A user.", **fields, **more)


def change_form(way: SignIn) -> type[BaseModel]:
    """The request that changes a secret."""
    name = way.secret.name
    fields: dict[str, Any] = {f"current_{name}": (Secret, ...), f"new_{name}": (Secret, ...)}
    return create_model(f"Change{name.capitalize()}", __doc__=f"The present {name} and a new one.", **fields)


def reset_form(way: SignIn) -> type[BaseModel]:
    """The request that sets a new secret with a link."""
    name = way.secret.name
    others = ("password", "new_password")  # of staff, where others have PINs
    new: Any = (Secret, Field(validation_alias=AliasChoices(name, f"new_{name}", *others)))
    fields: dict[str, Any] = {"token": (Token, ...), name: new}
    return create_model(f"Reset{name.capitalize()}", __doc__=f"A link's secret and a new {name}.", **fields)


def forgot_form(way: SignIn) -> type[BaseModel]:
    """The request for a link: any name, or the e-mail address."""
    names = dict.fromkeys((EMAIL.name, *(kind.name for kind in way.kinds)))
    name: Any = (Text, Field(validation_alias=AliasChoices(*names)))
    return create_model("Forgot", __doc__="Who has forgotten it.", **{way.name: name})


def service(
    name: str, by: By, does: Does, body: type[BaseModel] | None = None, answers: type[BaseModel] | None = None, *,
    form: bool = False, summary: str = "", query: Mapping[str, Mapping[str, Any]] | None = None, in_browser: str = "",
) -> Service:  # fmt: skip
    """A service that is described by its function."""
    told = summary or " ".join((does.__doc__ or "").split("\n\n")[0].split())
    return Service(name, by, does, told, body, form, answers, query or {}, in_browser)


def _paging(trade: "Trade") -> dict[str, Any]:
    return {
        name: {"type": "integer", "minimum": least, "default": usual} for name, least, usual in trade.paging.parameters
    }


def paths(trade: "Trade") -> Iterator[Contract]:
    """Every path of people in a trade."""
    yield from _entry(trade, f"{trade.prefix}/auth")
    yield from _account(trade, f"{trade.prefix}/auth")
    yield from _admin(trade, trade.prefix)


def _entry(trade: "Trade", at: str) -> Iterator[Contract]:
    way, session = trade.sign_in, session_model(trade)
    errors = {"bad_link": 400} | dict(way.errors)
    come_in: Does = partial(entry.sign_in, way=way)
    in_office: Does = partial(entry.sign_in, way=way.staff)
    form = service("sign_in", ANYBODY, come_in, credentials(way, "Credentials"), session, form=True,
                   summary="Sign in, with JSON or a form.")  # fmt: skip
    json = service("sign_in", ANYBODY, in_office, credentials(way.staff, "StaffCredentials"), session,
                   summary="Sign in with JSON.")  # fmt: skip
    yield Contract("POST", f"{at}/login", form, errors=errors)
    yield Contract("POST", f"{at}/login-json", json, errors=errors)
    yield Contract("POST", f"{at}/refresh", service("refresh", ANYBODY, renewal.refresh, RefreshForm, session))
    if trade.register.how is not CLOSED:
        how = trade.register
        does = service("register", ANYBODY, entry.register, register_form(trade), session if how.signs_in else User)
        yield Contract("POST", f"{at}/register", does, how.status, errors=dict(how.errors))
    yield Contract(
        "POST", f"{at}/reset-password", service("reset", ANYBODY, account.reset_secret, reset_form(way), Sentence),
        errors=errors,
    )  # fmt: skip
    forgot: Does = partial(account.forgot, way=way)
    told = "Have a one-time link sent; the answer is the same whether somebody has the name."
    ask = service("forgot", ANYBODY, forgot, forgot_form(way), Sentence, summary=told)
    yield Contract("POST", f"{at}/forgot-{way.secret.name}", ask, errors=dict(way.errors))
    verify = service("verify", ANYBODY, account.verify_address, TokenForm, Sentence)
    yield Contract("POST", f"{at}/verify-email", verify, errors=errors)


def _account(trade: "Trade", at: str) -> Iterator[Contract]:
    way = trade.sign_in
    yield Contract("GET", f"{at}/me", service("me", MEMBER, account.me, answers=User))
    yield Contract("GET", f"{at}/language", service("language", MEMBER, account.language))
    yield Contract("PUT", f"{at}/language", service("choose_language", MEMBER, account.choose_language, Spoken))
    yield Contract("GET", f"{at}/sessions", service("sessions", MEMBER, account.sessions))
    yield Contract("DELETE", f"{at}/sessions/{{session_id}}", service("end", MEMBER, account.end_session), 204)
    yield Contract("POST", f"{at}/logout", service("logout", MEMBER, account.logout, RefreshForm, Sentence))
    yield Contract("POST", f"{at}/logout-all", service("logout_all", MEMBER, account.logout_all, answers=Sentence))
    for each in (way,) if way.staff is way else (way.staff, way):
        does: Does = partial(account.change_secret, way=each)
        told = f"Choose a new {each.secret.name}: whoever is signed in with the former one is so no more."
        change = service("change", MEMBER, does, change_form(each), Sentence, summary=told)
        errors = {"wrong_secret": 400} | dict(way.errors)
        yield Contract("POST", f"{at}/change-{each.secret.name}", change, errors=errors)


def _admin(trade: "Trade", at: str) -> Iterator[Contract]:
    owner = trade.owner
    role: Any = (Annotated[str, StringConstraints(max_length=40)], ...)
    yield Contract("GET", f"{at}/users", service("users", owner, admin.users, query=_paging(trade)))
    new = service("create_user", owner, admin.create_user, user_form(trade, "NewUser", role=role), User, query=DRY)
    yield Contract("POST", f"{at}/users", new, 201, errors=dict(trade.register.errors))
    if trade.register.how is CLOSED:
        least: Any = (role[0], trade.roles[0].name)
        model = user_form(trade, "Registration", role=least)
        told = "Register a user; without another role in the least one."
        does = service("create_user", owner, admin.create_user, model, User, summary=told, query=DRY)
        yield Contract("POST", f"{at}/auth/register", does, 201, errors=dict(trade.register.errors))
    if trade.register.how is JOIN:
        yield from _registrations(trade, f"{at}/registrations")
    change = service("change_user", owner, admin.change_user, UserChanges, User, query=DRY)
    yield Contract("PATCH", f"{at}/users/{{user_id}}", change)
    yield Contract("POST", f"{at}/users/{{user_id}}/link", service("link", owner, admin.link_user, query=DRY), 201)
    yield from _invitations(trade, f"{at}/invitations")
    yield Contract("GET", f"{at}/settings/public", service("public", ANYBODY, admin.public_settings, query=WHICH))


def _registrations(trade: "Trade", at: str) -> Iterator[Contract]:
    owner = trade.owner
    yield Contract("GET", at, service("registrations", owner, registrations.registrations, query=_paging(trade)))
    approve = service("approve", owner, registrations.approve, answers=User, query=DRY)
    yield Contract("POST", f"{at}/{{user_id}}/approve", approve)
    refuse = service("refuse", owner, registrations.refuse, query=DRY)
    yield Contract("POST", f"{at}/{{user_id}}/refuse", refuse, 204)


def _invitations(trade: "Trade", at: str) -> Iterator[Contract]:
    owner, errors = trade.owner, {"bad_link": 400} | dict(trade.sign_in.errors)
    states = {"state": {"type": "string", "enum": list(invitations.STATES)}}
    listed = service("invitations", owner, invitations.invitations, query=_paging(trade) | states)
    yield Contract("GET", at, listed)
    yield Contract("POST", at, service("invite", owner, invitations.invite, Invitation, query=DRY), 201)
    withdraw = service("withdraw", owner, invitations.withdraw, query=DRY)
    yield Contract("DELETE", f"{at}/{{invitation_id}}", withdraw, 204)
    accepted = user_form(trade, "Acceptance", token=(Token, ...))
    accept = service("accept", ANYBODY, invitations.accept, accepted, session_model(trade))
    yield Contract("POST", f"{at}/accept", accept, 201, errors=errors)
