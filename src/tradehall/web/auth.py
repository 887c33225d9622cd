"""Sign-in over HTTP: `/api/auth/login`, `login-json` and `me`."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from tradehall.kernel.columns import show
from tradehall.kernel.errors import Denied, Unauthenticated, UnsupportedType
from tradehall.kernel.office import Office
from tradehall.kernel.people import (
    LONGEST_PASSWORD,
    Admit,
    Candidate,
    Member,
    ReserveAttempt,
    member,
    pools,
    verify_password,
)
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor
from tradehall.web.dispatch import Dispatcher, parsed, read_body

WRONG = "Incorrect username or password"


class Credentials(BaseModel):
    """A sign-in name and a password."""

    username: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=LONGEST_PASSWORD)]


class User(BaseModel):
    """A person in this trade."""

    id: int
    username: str
    role: str
    is_active: bool
    created_at: str | None
    organisation_id: int


class Session(BaseModel):
    """A new access token; `expires_in` is in seconds."""

    model_config = ConfigDict(json_schema_extra={"description": "A new access token."})

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
    user: User


def shown(found: Member) -> User:
    """A member as a client sees it."""
    return User(
        id=found.user_id, username=found.name, role=found.role, is_active=found.is_active,
        created_at=show(found.created_at), organisation_id=found.org_id,
    )  # fmt: skip


async def sign_in(office: Office, trade: Trade, given: Credentials, source: str, minutes: int) -> Session:
    """Check a password and issue a token; the same answer, as slowly, for a name that nobody has (P-13)."""
    attempt = ReserveAttempt(trade.name, trade.sign_in.name, given.username, source, office.clock())
    candidate: Candidate = await office.database.unit(attempt)
    right, renewed = await asyncio.get_running_loop().run_in_executor(
        pools(), verify_password, given.password, candidate.stored
    )
    if not right or candidate.member is None:
        raise Unauthenticated(WRONG)
    if not candidate.member.is_active:
        raise Denied("This account is not active")
    await office.database.unit(Admit(attempt.keys, candidate.member.user_id, renewed))
    token = office.tokens.issue(candidate.member, office.clock(), minutes)
    return Session(access_token=token, expires_in=minutes * 60, user=shown(candidate.member))


def routes(office: Office, trade: Trade, dispatcher: Dispatcher, minutes: int) -> APIRouter:
    """The sign-in routes of a trade."""
    router = APIRouter(prefix=f"{trade.prefix}/auth", tags=["auth"])

    async def form(request: Request) -> Credentials:
        kind = request.headers.get("content-type", "").split(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            raise UnsupportedType("application/x-www-form-urlencoded")
        fields = parsed(await read_body(dict(request.headers.raw), request.receive))
        return Credentials.model_validate(fields)

    def source(request: Request) -> str:
        return request.client.host if request.client else ""

    @router.post("/login", summary="Sign in with a form.", openapi_extra={"requestBody": _form_body()})
    async def login(request: Request, given: Annotated[Credentials, Depends(form)]) -> Session:
        """Sign in with a form."""
        return await sign_in(office, trade, given, source(request), minutes)

    @router.post("/login-json", summary="Sign in with JSON.")
    async def login_json(request: Request, given: Credentials) -> Session:
        """Sign in with JSON."""
        return await sign_in(office, trade, given, source(request), minutes)

    @router.get("/me", summary="Who is signed in.")
    async def me(request: Request) -> User:
        """Who is signed in."""
        actor = await dispatcher.actor(dict(request.headers.raw))
        found = await office.database.read(0, lambda db: member(db, actor.user_id, actor.org_id, trade.name))
        if found is None:
            return stranger(actor)
        return shown(found)

    return router


def stranger(actor: Actor) -> User:
    """Whoever is let in without signing in."""
    return User(
        id=0, username=actor.role, role=actor.role, is_active=True, created_at=None, organisation_id=actor.org_id
    )


def _form_body() -> dict[str, Any]:
    fields = {"username": {"type": "string"}, "password": {"type": "string"}}
    schema = {"type": "object", "required": ["username", "password"], "properties": fields}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}
