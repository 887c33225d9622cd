"""People: organisations, users, sign-in names, memberships; passwords and one-time links."""

from tradehall.kernel.people.attempts import Admit, Candidate, ReserveAttempt
from tradehall.kernel.people.authority import authority, touch_authority
from tradehall.kernel.people.links import AcceptLink, CreateLink, digest, link
from tradehall.kernel.people.members import ChangeMember, CreateUser, Member, NewUser, member, members
from tradehall.kernel.people.organisations import CreateOrganisation, has_users, organisation_of, organisations
from tradehall.kernel.people.passwords import LONGEST_PASSWORD, hash_password, nobody, pools, verify_password

__all__ = [
    "LONGEST_PASSWORD",
    "AcceptLink", "Admit", "Candidate", "ChangeMember", "CreateLink", "CreateOrganisation", "CreateUser", "Member", "NewUser",
    "ReserveAttempt", "authority", "digest", "has_users", "hash_password", "link", "member", "members", "nobody",
    "organisation_of", "organisations", "pools", "touch_authority", "verify_password",
]  # fmt: skip
