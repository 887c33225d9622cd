"""First."""

import sqlalchemy as sa
from alembic import op

revision = "album_0001"
down_revision = None
branch_labels = ("album",)
depends_on = "kernel_0001"


def upgrade() -> None:
    op.create_table('album_albums',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('label', sa.String(length=100), nullable=False),
    sa.Column('keeper_id', sa.BigInteger(), nullable=False),
    sa.Column('cover_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['org_id', 'cover_id'], ['kernel_files.org_id', 'kernel_files.id'], name='fk_album_albums_cover_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('album_albums', schema=None) as batch_op:
        batch_op.create_index('ix_album_albums_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_album_albums_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('album_posters',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('label', sa.String(length=100), nullable=False),
    sa.Column('picture_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['org_id', 'picture_id'], ['kernel_files.org_id', 'kernel_files.id'], name='fk_album_posters_picture_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('album_posters', schema=None) as batch_op:
        batch_op.create_index('ix_album_posters_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_album_posters_org_id_id', ['org_id', 'id'], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE album_albums ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE album_albums FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON album_albums USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE album_posters ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE album_posters FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON album_posters USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")


def downgrade() -> None:
    with op.batch_alter_table('album_posters', schema=None) as batch_op:
        batch_op.drop_index('uq_album_posters_org_id_id')
        batch_op.drop_index('ix_album_posters_recent')

    op.drop_table('album_posters')
    with op.batch_alter_table('album_albums', schema=None) as batch_op:
        batch_op.drop_index('uq_album_albums_org_id_id')
        batch_op.drop_index('ix_album_albums_recent')

    op.drop_table('album_albums')
