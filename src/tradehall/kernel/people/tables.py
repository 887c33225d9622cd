"""The tables of people. They carry no policy of an organisation: only this package touches them."""

import sqlalchemy as sa

from tradehall.kernel.kinds import KEY, Utc
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
    sa.Column("uid", sa.String(36), nullable=False, unique=True),
    sa.Column("full_name", sa.String(255)),
    sa.Column("language", sa.String(10), comment="in which they are spoken to, where they chose one"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sqlite_autoincrement=True,
    info={"personal": {"name", "full_name", "address", "email", "issuer", "subject"}},
)
SECRETS = sa.Table(
    "user_secrets",
    METADATA,
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("hash", sa.String(255), nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    comment="a password opens every trade of its user, and has none here; a PIN opens its own",
)
SIGN_IN_NAMES = sa.Table(
    "sign_in_names",
    METADATA,
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("folded", sa.String(254), primary_key=True),
    sa.Column("shown", sa.String(254), nullable=False),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("verified_at", Utc),
    sa.Index("ux_sign_in_names_of_a_user", "user_id", "trade", "position", unique=True),
    sa.Index("ux_sign_in_names_of_a_kind", "user_id", "trade", "kind", unique=True),
)
MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("org_id", KEY, sa.ForeignKey("organisations.id"), primary_key=True, autoincrement=False),
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("waits_since", Utc, comment="of whoever has registered and waits for approval"),
    sa.Index("ix_memberships_user", "user_id", "trade"),
)
IDENTITIES = sa.Table(
    "identities",
    METADATA,
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("issuer", sa.String(255), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("linked_at", Utc, nullable=False),
    sa.Column("unlinked_at", Utc),
)
LINKS = sa.Table(
    "one_time_links",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("purpose", sa.String(10), nullable=False),
    sa.Column("org_id", KEY, sa.ForeignKey("organisations.id"), nullable=False),
    sa.Column("trade", sa.String(40), nullable=False),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), index=True),
    sa.Column("role", sa.String(40)),
    sa.Column("address", sa.String(254)),
    sa.Column("made_by", KEY, sa.ForeignKey("users.id")),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("used_at", Utc),
    sa.Column("withdrawn_at", Utc),
    sqlite_autoincrement=True,
)
SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("org_id", KEY, sa.ForeignKey("organisations.id"), nullable=False),
    sa.Column("trade", sa.String(40), nullable=False),
    sa.Column("device", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("turned_at", Utc, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Column("ended_by", sa.String(20)),
    sa.Index("ix_sessions_user", "user_id", "device"),
    sqlite_autoincrement=True,
)
ATTEMPTS = sa.Table(
    "sign_in_attempts",
    METADATA,
    sa.Column("key", sa.String(320), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("since", Utc, nullable=False),
    sa.Column("next_at", Utc, nullable=False),
)
REVISIONS = sa.Table(
    "revisions",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
