"""What a trade declares of its people: the names and secrets that they sign in with, and how they register."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, StringConstraints, TypeAdapter, ValidationError

from tradehall.kernel.columns import Email, clean
from tradehall.kernel.people.passwords import LONGEST_PASSWORD
from tradehall.kernel.phones import e164
from tradehall.kernel.search import digits, fold
from tradehall.kernel.verbs import Role

Text = Annotated[str, StringConstraints(min_length=1, max_length=254), BeforeValidator(clean)]
Phone = Annotated[
    str, StringConstraints(min_length=5, max_length=30, pattern=r"^[+0-9 ()./-]+$"), BeforeValidator(clean)
]


@dataclass(frozen=True)
class Kind:
    """A kind of sign-in name: how requests call it, and the type that such a name has."""

    name: str
    form: Any = Text
    title: str = ""

    def called(self) -> str:
        """Its name for people."""
        return self.title or self.name.replace("_", " ").capitalize()

    def folded(self, given: str, region: str = "") -> str:
        """What is unique in a trade: without case and accents; of a telephone number, how it is called abroad."""
        if self.form is Phone:
            return e164(given, region) or digits(given)
        return fold(given)

    def fits(self, given: str) -> bool:
        """Whether it is a name of this kind."""
        try:
            TypeAdapter(self.form).validate_python(given)
        except ValidationError:
            return False
        return True

    def takes(self, given: str) -> bool:
        """Whether this looks like a name of this kind: an address has an @, a telephone number digits alone."""
        if self.form is Email:
            return "@" in given
        if self.form is Phone:
            return bool(given) and all(char.isdigit() or char in "+ ()./-" for char in given)
        return True


USERNAME, EMAIL, PHONE = Kind("username"), Kind("email", Email), Kind("phone_number", Phone)


def number(name: str, length: int, title: str = "") -> Kind:
    """A number of so many digits, such as a student's."""
    return Kind(name, Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{length}}}$")], title)


@dataclass(frozen=True)
class Secret:
    """What proves a name: how requests call it, and its length. A PIN is digits, and opens its own trade only."""

    name: str = "password"
    shortest: int = 8
    longest: int = LONGEST_PASSWORD
    is_pin: bool = False

    def wrong(self, given: str, weak_too: bool = False) -> str:
        """Why this can't be one, as a sentence; empty where it can. Well-known ones are allowed for trying out only."""
        if self.is_pin:
            right = self.shortest <= len(given) <= self.longest and given.isascii() and given.isdigit()
            return "" if right else f"A {self.name.upper()} has {self._length()} digits."
        if not self.shortest <= len(given) <= self.longest:
            return f"A {self.name} has {self._length()} characters."
        if not weak_too and given.casefold() in WELL_KNOWN:
            return f"This {self.name} is the first that anybody would guess."
        return ""

    def _length(self) -> str:
        return str(self.shortest) if self.shortest == self.longest else f"{self.shortest} to {self.longest}"


WELL_KNOWN = frozenset(
    [
        "password",
        "passw0rd",
        "password1",
        "password12",
        "password123",
        "password1234",
        "admin123",
        "admin1234",
        "administrator",
        "12345678",
        "123456789",
        "1234567890",
        "qwerty123",
        "qwertyui",
        "qwertyuiop",
        "letmein1",
        "changeme",
        "changeme123",
        "welcome1",
        "welcome123",
        "iloveyou",
        "11111111",
        "00000000",
        "secret123",
        "tradehall",
        "123456",
        "qwerty",
        "111111",
        "abc123",
        "pgadmin",
        "admin",
    ]
)
PASSWORD = Secret()


def pin(length: int = 4, name: str = "pin") -> Secret:
    """A PIN of so many digits."""
    return Secret(name, length, length, is_pin=True)


Shown = Mapping[str, Any]


def bearer(granted: Shown) -> Any:
    """The usual answer to a sign-in: both tokens, their kind, `expires_in` in seconds, and the user."""
    return dict(granted)


@dataclass(frozen=True)
class SignIn:
    """What people of a trade sign in with, and what they are answered.

    `user` shapes a person from `{id, uid, username, full_name, email, role, is_active, created_at, ...}` and each kind of
    name, with a Reader at hand; `session` shapes the answer to a sign-in from `{access_token, refresh_token, token_type,
    expires_in, user}`; `me` that of `GET .../auth/me` from the user. `asks` are more fields of the request, and `admits`
    says whether they fit the person.
    """

    kinds: tuple[Kind, ...] = (USERNAME,)
    secret: Secret = PASSWORD
    wrong: str = "Incorrect username or password"
    user: Callable[[Any, dict[str, Any]], Any] | None = None
    session: Callable[[Shown], Any] = bearer
    me: Callable[[Any], Any] | None = None
    asks: type[BaseModel] | None = None
    admits: Callable[[Any, Any], bool] | None = None
    renews: bool = False
    """Whether a valid access token can be exchanged for a new one without a refresh token."""
    errors: Mapping[str, int] = field(default_factory=dict)
    reached: Callable[[Any, int], str | None] | None = None
    """Where somebody is reached who signs in with no address: a telephone number or an e-mail address that the trade keeps."""

    @property
    def name(self) -> str:
        """The first kind of name."""
        return self.kinds[0].name

    @property
    def shortest(self) -> int:
        """The length of the shortest secret."""
        return self.secret.shortest

    @property
    def staff(self) -> "SignIn":
        """How the staff signs in: as everybody does, or with a username and a password where others have PINs."""
        return replace(self, kinds=(USERNAME, EMAIL), secret=PASSWORD, asks=None) if self.secret.is_pin else self

    def kind_of(self, given: str) -> Kind:
        """The kind that a name is taken for: the most particular one that it looks like."""
        narrow = [kind for kind in self.kinds if kind.form in (Email, Phone) and kind.takes(given)]
        others = [kind for kind in self.kinds if kind.form not in (Email, Phone)]
        return (narrow or others or list(self.kinds))[0]


class Registration(StrEnum):
    """Who may register: nobody, whoever wants to join the organisation, or to found one of their own."""

    CLOSED = "closed"
    JOIN = "join"
    FOUND = "found"


CLOSED, JOIN, FOUND = Registration


@dataclass(frozen=True)
class Register:
    """How people register by themselves.

    `asks` are more fields of the request; `role` chooses among roles that are open to everybody; `also` is a rule that runs
    in the unit, with the context, the new user's id and the request. Answers a session, or the user alone.
    """

    how: Registration = CLOSED
    asks: type[BaseModel] | None = None
    role: Callable[[Any], Role] | None = None
    also: Callable[[Any, int, Any], None] | None = None
    status: int = 201
    signs_in: bool = True
    errors: Mapping[str, int] = field(default_factory=dict)
