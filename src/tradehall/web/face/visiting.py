"""Visiting: who looks at a page. Their tokens are in cookies that no script sees and no other site can use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import cookie_parser

from tradehall.kernel.calls import Call
from tradehall.kernel.errors import Problem
from tradehall.kernel.formats import Formats
from tradehall.kernel.office import Office
from tradehall.kernel.people.entry import Granted, access_token
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor
from tradehall.web.face.asking import Asking
from tradehall.web.face.sending import File
from tradehall.web.face.words import Words

ACCESS, REFRESH, LANGUAGE, THEME, TOLD, SHOWN = (
    "hall",
    "hall_more",
    "hall_language",
    "hall_theme",
    "hall_told",
    "hall_shown",
)
ACCOUNT = b"x-account"
"""The header that says whose page it is; a script of a page may say with it for whom it asks."""
YEAR = 365 * 24 * 3600
PLACE = "/app"
SAFE = ("GET", "HEAD")


def cookies_of(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """The cookies of a request."""
    return cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))


def is_foreign(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request that may change something comes from elsewhere, or does not say where from (row 21)."""
    if method in SAFE:
        return False
    origin, site = headers.get(b"origin", b"").decode("latin-1"), headers.get(b"sec-fetch-site", b"").decode("latin-1")
    if site and site != "same-origin":
        return True
    if origin:
        return urlsplit(origin).netloc.lower() != headers.get(b"host", b"").decode("latin-1").lower()
    return site != "same-origin"


def cookie(
    scope: Mapping[str, Any], name: str, value: str, lasts: int | None = None, *, hidden: bool = True, path: str = ""
) -> tuple[str, str]:
    """The header that sets a cookie for the pages of one trade, or below a path; with nothing in it, it is taken away."""
    parts = [f"{name}={value}", f"Path={path or scope.get('root_path', '') + PLACE}", "SameSite=Lax"]
    if not value:
        lasts = 0
    parts += [f"Max-Age={lasts}"] if lasts is not None else []
    parts += ["HttpOnly"] if hidden else []
    parts += ["Secure"] if scope.get("scheme") == "https" else []
    return "Set-Cookie", "; ".join(parts)


def chosen_language(scope: Mapping[str, Any]) -> str:
    """The language that a link of a page before signing in asks for, if it does."""
    return next((value for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if name == "language"), "")


def language_cookie(scope: Mapping[str, Any], language: str) -> tuple[str, str]:
    """What keeps a language: for all trades, for their home, and for one-time links."""
    return cookie(scope, LANGUAGE, language, YEAR, path="/")


def session_cookies(
    scope: Mapping[str, Any], office: Office, trade: Trade, call: Call, granted: Granted
) -> tuple[str, list[tuple[str, str]]]:
    """The access token of a session, and the headers that keep it for the pages of its trade."""
    token, lasts = access_token(office, trade, call, granted), int(office.terms.refresh_lasts.total_seconds())
    return token, [cookie(scope, ACCESS, token, lasts), cookie(scope, REFRESH, str(granted.token), lasts)]


@dataclass(frozen=True)
class Undo:
    """What is sent, and where to, to undo what was done."""

    action: str
    fields: list[tuple[str, str]]

    @classmethod
    def of(cls, address: str) -> "Undo | None":
        """Of an address with what is to be sent as its query."""
        action, _, query = address.partition("?")
        return cls(action, parse_qsl(query, keep_blank_values=True)) if action else None


SECRETS = ("password", "pin", "secret", "token")
"""What no page repeats."""


@dataclass
class Visit:
    """One request for a page: who asks, in which language, for what, and how they ask."""

    scope: Any
    headers: Mapping[bytes, bytes]
    query: dict[str, str]
    actor: Actor
    asking: Asking
    words: Words
    formats: Formats
    cookies: dict[str, str]
    business: str = ""
    elsewhere: tuple[tuple[int, str], ...] = ()
    """The other organisations in which they have a place."""
    form: dict[str, list[str]] = field(default_factory=dict)
    file: File | None = None
    """The file of the form, by its name, while the page is made."""
    more_headers: list[tuple[str, str]] = field(default_factory=list)
    """What the answer carries besides, such as new cookies."""

    @property
    def root(self) -> str:
        """Before every address of this trade."""
        return str(self.scope.get("root_path", ""))

    @property
    def app(self) -> str:
        """Before every address of its pages."""
        return f"{self.root}{PLACE}"

    @property
    def account(self) -> str:
        """Whose page this is: somebody in one of their organisations; nothing where nobody is signed in."""
        return f"{self.actor.org_id}.{self.actor.user_id}" if self.actor.org_id else ""

    @property
    def origin(self) -> str:
        """What the addresses of this installation begin with, as whoever looks reached it."""
        host = self.headers.get(b"host", b"").decode("latin-1")
        return f"{self.scope.get('scheme', 'http')}://{host}"

    @property
    def is_part(self) -> bool:
        """Whether a part of a page is asked for, to be put into one that is open."""
        return b"hx-request" in self.headers

    @property
    def theme(self) -> str:
        """Light, dark, or as the device has it."""
        return self.cookies.get(THEME, "") if self.cookies.get(THEME) in ("light", "dark") else ""

    def speak(self, language: str) -> None:
        """Say everything in this language from now on."""
        self.words, self.formats = self.words.of(language), Formats(language)

    def value(self, name: str) -> str:
        """The first value of a field of the form."""
        return self.form.get(name, [""])[0]

    def why(self, problem: Problem) -> list[str]:
        """Why something was not done, and where more is known of what nobody foresaw."""
        said = [self.words.why(problem)]
        if problem.status == Problem.status:
            number = str(self.scope.get("request_id", ""))
            said.append(self.words("Whoever looks after Tradehall finds it in the log as {number}.", number=number))
        return said

    def again(self) -> Mapping[str, list[str]] | None:
        """What a form said, to be sent once more as it was; None where it held a secret or a file."""
        is_secret = any(word in name for name in self.form for word in SECRETS)
        return None if self.scope["method"] != "POST" or is_secret or self.file is not None else self.form

    def tell(self, sentence: str, undo: str = "") -> None:
        """Say something at the top of the next page, where what was done can be undone perhaps."""
        from_text = sentence.encode("utf-8").hex()
        self.more_headers.append(cookie(self.scope, TOLD, f"{from_text}.{undo.encode().hex()}", 60))

    def told(self) -> tuple[str, str]:
        """What the page before had to say, once."""
        if not (text := self.cookies.get(TOLD, "")):
            return "", ""
        self.more_headers.append(cookie(self.scope, TOLD, ""))
        try:
            sentence, undo = (bytes.fromhex(part).decode("utf-8") for part in text.split("."))
        except (ValueError, UnicodeDecodeError):
            return "", ""
        return sentence, undo if undo.startswith(self.app) else ""
