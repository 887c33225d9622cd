"""People: organisations, users, sign-in names, memberships; secrets, sessions, attempts and one-time links."""

from tradehall.kernel.people.attempts import ReserveAttempt
from tradehall.kernel.people.authority import authority, touch_authority
from tradehall.kernel.people.declared import (
    CLOSED,
    EMAIL,
    FOUND,
    JOIN,
    PASSWORD,
    PHONE,
    USERNAME,
    Kind,
    Register,
    Registration,
    Secret,
    SignIn,
    number,
    pin,
)
from tradehall.kernel.people.links import AcceptLink, CreateLink, digest, link
from tradehall.kernel.people.members import (
    ChangeMember,
    CreateUser,
    JoinOrganisation,
    Member,
    NewUser,
    member,
    members,
    names_of,
)
from tradehall.kernel.people.organisations import CreateOrganisation, has_users, organisation_of, organisations
from tradehall.kernel.people.passwords import (
    LONGEST_PASSWORD,
    derived,
    hash_password,
    hashing,
    nobody,
    pools,
    verify_password,
)
from tradehall.kernel.people.sessions import EndSessions
from tradehall.kernel.people.terms import Terms

__all__ = [
    "CLOSED", "EMAIL", "FOUND", "JOIN", "LONGEST_PASSWORD", "PASSWORD", "PHONE", "USERNAME", "AcceptLink",
    "ChangeMember", "CreateLink", "CreateOrganisation", "CreateUser", "EndSessions", "JoinOrganisation", "Kind",
    "Member", "NewUser", "Register", "Registration", "ReserveAttempt", "Secret", "SignIn", "Terms", "authority",
    "derived", "digest", "has_users", "hash_password", "hashing", "link", "member", "members", "names_of", "nobody",
    "number", "organisation_of", "organisations", "pin", "pools", "touch_authority", "verify_password",
]  # fmt: skip
