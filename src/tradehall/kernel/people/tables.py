"""The tables of people. They carry no policy of an organisation: only this package touches them."""

import sqlalchemy as sa

from tradehall.kernel.columns import KEY, Utc
from tradehall.kernel.records import METADATA

ORGANISATIONS = sa.Table(
    "organisations",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("created_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)
SIGN_IN_NAMES = sa.Table(
    "sign_in_names",
    METADATA,
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("folded", sa.String(254), primary_key=True),
    sa.Column("shown", sa.String(254), nullable=False),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), nullable=False, index=True),
)
MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("org_id", KEY, sa.ForeignKey("organisations.id"), primary_key=True, autoincrement=False),
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(40), nullable=False),
)
LINKS = sa.Table(
    "one_time_links",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("org_id", KEY, sa.ForeignKey("organisations.id"), nullable=False),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id")),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("used_at", Utc),
)
ATTEMPTS = sa.Table(
    "sign_in_attempts",
    METADATA,
    sa.Column("key", sa.String(320), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("next_at", Utc, nullable=False),
)
REVISIONS = sa.Table(
    "revisions",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
