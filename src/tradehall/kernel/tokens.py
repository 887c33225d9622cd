"""Access tokens: signed, short-lived, kept in memory once verified, and forgotten when anybody's rights change."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tradehall.kernel.database import Database, Session
from tradehall.kernel.errors import Unauthenticated
from tradehall.kernel.people import Member, Revision, member
from tradehall.kernel.people.sessions import session_row
from tradehall.kernel.together import Together
from tradehall.kernel.verbs import Actor

HEADER = {"alg": "HS256", "typ": "JWT"}
ISSUER = "tradehall"
MOST_KNOWN = 10_000
LONGEST = 2000


class Tokens:
    """Issues and checks access tokens. `known` answers from memory; `actor` verifies and looks the person up."""

    def __init__(self, secret: str, database: Database) -> None:
        self._key = OctKey.import_key(secret)
        self._database = database
        self._known: dict[tuple[str, str], tuple[Actor, float]] = {}
        self._asked: Together[Actor] = Together()
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            exp={"essential": True},
            sub={"essential": True},
            type={"essential": True, "value": "access"},
            jti={"essential": True},
        )
        self._revision = Revision(database)

    def issue(self, found: Member, now: datetime, minutes: int, session: int = 0) -> str:
        """An access token for a member of a trade; it ends with its session, where it belongs to one."""
        claims = {
            "iss": ISSUER,
            "aud": found.trade,
            "sub": str(found.user_id),
            "org": found.org_id,
            "type": "access",
            "jti": secrets.token_urlsafe(12),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=minutes)).timestamp()),
        }
        return jwt.encode(dict(HEADER), claims | ({"sid": session} if session else {}), self._key)

    @property
    def revision(self) -> int:
        """Rises whenever anybody's rights or places change: what was learned of them before may not be true any more."""
        return self._revision.value

    def known(self, token: str, trade: str, now: float) -> Actor | None:
        """Who showed this token before, as long as it is valid; `now` in seconds since 1970."""
        found = self._known.get((trade, token))
        return found[0] if found is not None and found[1] > now else None

    async def actor(self, token: str, trade: str, now: datetime) -> Actor:
        """Who shows this token; raises Unauthenticated. After a change of rights nobody waits for an older answer."""
        asked = (trade, token, self._revision.value)
        return await self._asked.ask(asked, lambda: self._looked_up(token, trade, now))

    async def _looked_up(self, token: str, trade: str, now: datetime) -> Actor:
        claims = self._verified(token, trade)
        try:
            user_id, org_id, sid = int(claims["sub"]), int(claims["org"]), int(claims.get("sid", 0))
        except (KeyError, TypeError, ValueError) as error:
            raise Unauthenticated("Could not validate credentials") from error
        revision = self._revision.value

        def who(session: Session) -> Member | None:
            if sid and ((row := session_row(session, sid)) is None or (row.user_id, row.org_id) != (user_id, org_id)):
                return None
            return member(session, user_id, org_id, trade)

        found = await self._database.read(0, who)
        if found is None or not found.is_active or claims["exp"] <= now.timestamp():
            raise Unauthenticated("Could not validate credentials")
        actor = Actor(org_id, trade, found.role, user_id, found.name, session=sid, language=found.language or "")
        if revision == self._revision.value:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[trade, token] = (actor, float(claims["exp"]))
        return actor

    def _verified(self, token: str, trade: str) -> dict[str, Any]:
        try:
            if len(token) > LONGEST:
                raise ValueError("too long")
            decoded = jwt.decode(token, self._key, algorithms=[HEADER["alg"]])
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Unauthenticated("Could not validate credentials") from error
        # Our own tokens say nothing more in their header: neither where a key is to be had nor which one it is.
        if decoded.header != HEADER or decoded.claims.get("aud") != trade:
            raise Unauthenticated("Could not validate credentials")
        claims: dict[str, Any] = decoded.claims
        return claims

    async def look(self) -> bool:
        """Forget every verified token where somebody's rights changed, in this process or in another (P-14); gives whether they did."""
        if await self._revision.moved():
            self._known.clear()
            return True
        return False
