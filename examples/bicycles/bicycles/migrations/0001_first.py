"""First."""

import sqlalchemy as sa
from alembic import op

revision = "bicycles_0001"
down_revision = None
branch_labels = ("bicycles",)
depends_on = "kernel_0001"


def upgrade() -> None:
    op.create_table('bicycles_bicycles',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('frame_number', sa.String(length=40), nullable=False),
    sa.Column('daily_rate', sa.BigInteger(), nullable=False),
    sa.Column('deposit', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.CheckConstraint("status = 'free' OR status = 'out' OR status = 'damaged'", name='ck_bicycles_bicycles_status'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('bicycles_bicycles', schema=None) as batch_op:
        batch_op.create_index('ix_bicycles_bicycles_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_bicycles_bicycles_frame_number', ['org_id', 'frame_number'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_bicycles_bicycles_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('bicycles_rentals',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('bicycle_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('renter', sa.String(length=100), nullable=False),
    sa.Column('days', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('returned_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('deposit', sa.BigInteger(), nullable=False),
    sa.Column('damage', sa.BigInteger(), nullable=False),
    sa.Column('charge', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("status = 'running' OR status = 'overdue' OR status = 'returned'", name='ck_bicycles_rentals_status'),
    sa.CheckConstraint('damage <= deposit', name='ck_bicycles_rentals_damage'),
    sa.ForeignKeyConstraint(['org_id', 'bicycle_id'], ['bicycles_bicycles.org_id', 'bicycles_bicycles.id'], name='fk_bicycles_rentals_bicycle_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('bicycles_rentals', schema=None) as batch_op:
        batch_op.create_index('ix_bicycles_rentals_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_bicycles_rentals_bicycle_id', ['org_id', 'bicycle_id'], unique=True, sqlite_where=sa.text('returned_at IS NULL'), postgresql_where=sa.text('returned_at IS NULL'))
        batch_op.create_index('uq_bicycles_rentals_org_id_id', ['org_id', 'id'], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE bicycles_bicycles ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE bicycles_bicycles FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON bicycles_bicycles USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE bicycles_rentals ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE bicycles_rentals FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON bicycles_rentals USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")


def downgrade() -> None:
    with op.batch_alter_table('bicycles_rentals', schema=None) as batch_op:
        batch_op.drop_index('uq_bicycles_rentals_org_id_id')
        batch_op.drop_index('uq_bicycles_rentals_bicycle_id', sqlite_where=sa.text('returned_at IS NULL'), postgresql_where=sa.text('returned_at IS NULL'))
        batch_op.drop_index('ix_bicycles_rentals_recent')

    op.drop_table('bicycles_rentals')
    with op.batch_alter_table('bicycles_bicycles', schema=None) as batch_op:
        batch_op.drop_index('uq_bicycles_bicycles_org_id_id')
        batch_op.drop_index('uq_bicycles_bicycles_frame_number', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_bicycles_bicycles_recent')

    op.drop_table('bicycles_bicycles')
