"""First."""

import sqlalchemy as sa
from alembic import op

revision = "stall_0001"
down_revision = None
branch_labels = ("stall",)
depends_on = "kernel_0001"


def upgrade() -> None:
    op.create_table(
        "stall_crates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite"), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("remark", sa.String(length=1000000), nullable=True),
        sa.CheckConstraint("state = 'CLOSED' OR state = 'OPEN' OR state = 'EMPTY'", name="ck_stall_crates_state"),
        sa.CheckConstraint("stock >= 0", name="ck_stall_crates_stock_left"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("stall_crates", schema=None) as batch_op:
        batch_op.create_index("ix_stall_crates_recent", ["org_id", "created_at", "id"], unique=False)
        batch_op.create_index(
            "uq_stall_crates_label", ["org_id", "label"], unique=True, sqlite_where=None, postgresql_where=None
        )
        batch_op.create_index("uq_stall_crates_org_id_id", ["org_id", "id"], unique=True)

    op.create_table(
        "stall_tags",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("org_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite"), nullable=False),
        sa.Column("crate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "crate_id"], ["stall_crates.org_id", "stall_crates.id"], name="fk_stall_tags_crate_id"
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("stall_tags", schema=None) as batch_op:
        batch_op.create_index("ix_stall_tags_crate_id", ["org_id", "crate_id"], unique=False)
        batch_op.create_index("ix_stall_tags_recent", ["org_id", "created_at", "id"], unique=False)
        batch_op.create_index("uq_stall_tags_org_id_id", ["org_id", "id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE stall_crates ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE stall_crates FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY own_organisation ON stall_crates USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)"
        )
        op.execute("ALTER TABLE stall_tags ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE stall_tags FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY own_organisation ON stall_tags USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)"
        )


def downgrade() -> None:
    with op.batch_alter_table("stall_tags", schema=None) as batch_op:
        batch_op.drop_index("uq_stall_tags_org_id_id")
        batch_op.drop_index("ix_stall_tags_recent")
        batch_op.drop_index("ix_stall_tags_crate_id")

    op.drop_table("stall_tags")
    with op.batch_alter_table("stall_crates", schema=None) as batch_op:
        batch_op.drop_index("uq_stall_crates_org_id_id")
        batch_op.drop_index("uq_stall_crates_label", sqlite_where=None, postgresql_where=None)
        batch_op.drop_index("ix_stall_crates_recent")

    op.drop_table("stall_crates")
