"""First."""

import sqlalchemy as sa
from alembic import op

revision = "kernel_0001"
down_revision = None
branch_labels = ("kernel",)
depends_on = None
additive = True


def upgrade() -> None:
    op.create_table('backups',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('machine', sa.String(length=80), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('covers_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=100), nullable=True),
    sa.Column('bytes', sa.BigInteger(), nullable=True),
    sa.Column('digest', sa.String(length=64), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('details', sa.Text(), nullable=True),
    sa.CheckConstraint("state = 'running' OR state = 'done' OR state = 'failed'", name='ck_backups_state'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_table('event_changes',
    sa.Column('org_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('position', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('entity', sa.String(length=63), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('operation', sa.String(length=6), nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('salt', sa.String(length=32), nullable=True),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('personal', sa.Text(), nullable=True),
    sa.Column('personal_salt', sa.String(length=32), nullable=True),
    sa.Column('personal_digest', sa.String(length=64), nullable=True),
    sa.PrimaryKeyConstraint('org_id', 'event_id', 'position'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('event_changes', schema=None) as batch_op:
        batch_op.create_index('ix_event_changes_record', ['org_id', 'entity', 'record_id', 'event_id'], unique=False)

    op.create_table('events',
    sa.Column('org_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('trade', sa.String(length=40), nullable=False),
    sa.Column('verb', sa.String(length=120), nullable=False),
    sa.Column('actor', sa.String(length=60), nullable=False),
    sa.Column('cause', sa.BigInteger(), nullable=True),
    sa.Column('origin', sa.Text(), nullable=True),
    sa.Column('salt', sa.String(length=32), nullable=True),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('chain', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('org_id', 'id'),
    sqlite_with_rowid=False
    )
    op.create_table('idempotency_keys',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('headers', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.create_index('uq_idempotency_keys_digest', ['org_id', 'digest'], unique=True)

    op.create_table('kernel_api_keys',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('prefix', sa.String(length=40), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('scopes', sa.Text(), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('last_used_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_api_keys', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_api_keys_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_api_keys_digest', ['org_id', 'digest'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_api_keys_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_checks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('wrong', sa.Text(), nullable=False),
    sa.Column('chain', sa.String(length=64), nullable=False),
    sa.Column('error', sa.String(length=500), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("status = 'running' OR status = 'done' OR status = 'failed'", name='ck_kernel_checks_status'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_checks', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_checks_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_checks_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_comments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('entity', sa.String(length=63), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('text', sa.String(length=4000), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_comments', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_comments_entity_record_id_id', ['org_id', 'entity', 'record_id', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_kernel_comments_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_comments_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_files',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('uploaded_by', sa.BigInteger(), nullable=False),
    sa.Column('entity', sa.String(length=63), nullable=True),
    sa.Column('record_id', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_files', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_files_entity_record_id', ['org_id', 'entity', 'record_id'], unique=False, sqlite_where=sa.text('entity IS NOT NULL'), postgresql_where=sa.text('entity IS NOT NULL'))
        batch_op.create_index('ix_kernel_files_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_files_key', ['org_id', 'key'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_files_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_import_rows',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('entity', sa.String(length=63), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('import_id', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_import_rows', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_import_rows_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_import_rows_entity_digest', ['org_id', 'entity', 'digest'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_import_rows_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_jobs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('verb', sa.String(length=120), nullable=False),
    sa.Column('entity', sa.String(length=63), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('payload', sa.Text(), nullable=True),
    sa.Column('key', sa.String(length=200), nullable=True),
    sa.Column('lane', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(40), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('worker', sa.String(length=80), nullable=True),
    sa.Column('error', sa.String(length=2000), nullable=True),
    sa.CheckConstraint("state = 'queued' OR state = 'running' OR state = 'done' OR state = 'dead'", name='ck_kernel_jobs_state'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_jobs', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_jobs_due', ['due_at', 'id'], unique=False, sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))
        batch_op.create_index('ix_kernel_jobs_lease', ['lease_until'], unique=False, sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
        batch_op.create_index('ix_kernel_jobs_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_jobs_of_trade_key', ['org_id', 'of_trade', 'key'], unique=True, sqlite_where=sa.text("state = 'queued' AND key IS NOT NULL"), postgresql_where=sa.text("state = 'queued' AND key IS NOT NULL"))
        batch_op.create_index('uq_kernel_jobs_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_messages',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('channel', sa.String(40), nullable=False),
    sa.Column('address', sa.String(length=254), nullable=False),
    sa.Column('template', sa.String(length=80), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.String(length=20000), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('why', sa.String(length=300), nullable=False),
    sa.Column('details', sa.String(length=300), nullable=False),
    sa.Column('segments', sa.BigInteger(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=10), nullable=False),
    sa.Column('provider', sa.String(length=40), nullable=False),
    sa.Column('provider_id', sa.String(length=120), nullable=False),
    sa.Column('cause_entity', sa.String(length=63), nullable=True),
    sa.Column('cause_id', sa.BigInteger(), nullable=True),
    sa.Column('cause_event', sa.String(length=120), nullable=False),
    sa.Column('once', sa.String(length=200), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('is_test', sa.Boolean(), nullable=False),
    sa.CheckConstraint("channel = 'sms' OR channel = 'email'", name='ck_kernel_messages_channel'),
    sa.CheckConstraint("status = 'queued' OR status = 'sending' OR status = 'sent' OR status = 'delivered' OR status = 'failed' OR status = 'unknown' OR status = 'suppressed'", name='ck_kernel_messages_status'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_messages', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_messages_address', ['org_id', 'address'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_kernel_messages_cause_entity_cause_id', ['org_id', 'cause_entity', 'cause_id'], unique=False, sqlite_where=sa.text('cause_entity IS NOT NULL'), postgresql_where=sa.text('cause_entity IS NOT NULL'))
        batch_op.create_index('ix_kernel_messages_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_kernel_messages_status_created_at_id', ['org_id', 'status', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_messages_of_trade_once', ['org_id', 'of_trade', 'once'], unique=True, sqlite_where=sa.text('once IS NOT NULL'), postgresql_where=sa.text('once IS NOT NULL'))
        batch_op.create_index('uq_kernel_messages_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_notices',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('template', sa.String(length=80), nullable=False),
    sa.Column('body', sa.String(length=20000), nullable=False),
    sa.Column('cause_entity', sa.String(length=63), nullable=True),
    sa.Column('cause_id', sa.BigInteger(), nullable=True),
    sa.Column('cause_event', sa.String(length=120), nullable=False),
    sa.Column('once', sa.String(length=200), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_notices', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_notices_person_id_created_at_id', ['org_id', 'person_id', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_kernel_notices_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_notices_of_trade_once', ['org_id', 'of_trade', 'once'], unique=True, sqlite_where=sa.text('once IS NOT NULL'), postgresql_where=sa.text('once IS NOT NULL'))
        batch_op.create_index('uq_kernel_notices_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_opt_outs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('channel', sa.String(40), nullable=False),
    sa.Column('address', sa.String(length=254), nullable=False),
    sa.Column('source', sa.String(40), nullable=False),
    sa.CheckConstraint("channel = 'sms' OR channel = 'email'", name='ck_kernel_opt_outs_channel'),
    sa.CheckConstraint("source = 'reply' OR source = 'link' OR source = 'provider' OR source = 'manager'", name='ck_kernel_opt_outs_source'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_opt_outs', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_opt_outs_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_opt_outs_channel_address', ['org_id', 'channel', 'address'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_opt_outs_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_privacy',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('what', sa.String(length=20), nullable=False),
    sa.Column('of', sa.Text(), nullable=False),
    sa.Column('counts', sa.Text(), nullable=False),
    sa.Column('by_user', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_privacy', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_privacy_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_privacy_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_replies',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('address', sa.String(length=254), nullable=False),
    sa.Column('body', sa.String(length=2000), nullable=False),
    sa.Column('provider', sa.String(length=40), nullable=False),
    sa.Column('provider_id', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_replies', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_replies_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_replies_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_kernel_replies_provider_provider_id', ['org_id', 'provider', 'provider_id'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('kernel_saved_views',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('owner_id', sa.BigInteger(), nullable=False),
    sa.Column('room', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('query', sa.String(length=1000), nullable=False),
    sa.Column('shared', sa.Boolean(), nullable=False),
    sa.Column('opens', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_saved_views', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_saved_views_of_trade_room', ['org_id', 'of_trade', 'room'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_kernel_saved_views_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_saved_views_of_trade_owner_id_room_name', ['org_id', 'of_trade', 'owner_id', 'room', 'name'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_saved_views_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_settings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_settings', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_settings_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_settings_of_trade_name', ['org_id', 'of_trade', 'name'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_settings_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_webhooks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('url', sa.String(length=2000), nullable=False),
    sa.Column('description', sa.String(length=200), nullable=False),
    sa.Column('events', sa.Text(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('secret', sa.String(length=80), nullable=False),
    sa.Column('former_secret', sa.String(length=80), nullable=True),
    sa.Column('former_until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('created_by', sa.BigInteger(), nullable=False),
    sa.Column('failing_since', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_webhooks', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_webhooks_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_webhooks_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_wordings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('template', sa.String(length=80), nullable=False),
    sa.Column('sms', sa.String(length=1600), nullable=True),
    sa.Column('subject', sa.String(length=200), nullable=True),
    sa.Column('email', sa.String(length=20000), nullable=True),
    sa.Column('notice', sa.String(length=1600), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_wordings', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_wordings_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_wordings_of_trade_template', ['org_id', 'of_trade', 'template'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_wordings_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('numbers',
    sa.Column('org_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('series', sa.String(length=80), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('org_id', 'series'),
    sqlite_with_rowid=False
    )
    op.create_table('organisations',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('name'),
    sqlite_autoincrement=True
    )
    op.create_table('revisions',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('schema_versions',
    sa.Column('branch', sa.String(length=40), nullable=False),
    sa.Column('revision', sa.String(length=60), nullable=False),
    sa.Column('serves', sa.String(length=60), nullable=False),
    sa.PrimaryKeyConstraint('branch')
    )
    op.create_table('sign_in_attempts',
    sa.Column('key', sa.String(length=320), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('key')
    )
    op.create_table('spent_tickets',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('subject_totals',
    sa.Column('org_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('measure', sa.String(length=80), nullable=False),
    sa.Column('subject', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('count_1', sa.BigInteger(), nullable=False),
    sa.Column('count_2', sa.BigInteger(), nullable=False),
    sa.Column('count_3', sa.BigInteger(), nullable=False),
    sa.Column('count_4', sa.BigInteger(), nullable=False),
    sa.Column('amount_1', sa.BigInteger(), nullable=False),
    sa.Column('amount_2', sa.BigInteger(), nullable=False),
    sa.Column('amount_3', sa.BigInteger(), nullable=False),
    sa.Column('amount_4', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('org_id', 'measure', 'subject'),
    sqlite_with_rowid=False
    )
    op.create_table('totals',
    sa.Column('org_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('measure', sa.String(length=80), nullable=False),
    sa.Column('dimension', sa.String(length=120), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('org_id', 'day', 'measure', 'dimension'),
    sqlite_with_rowid=False
    )
    op.create_table('users',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('uid', sa.String(length=36), nullable=False),
    sa.Column('full_name', sa.String(length=255), nullable=True),
    sa.Column('language', sa.String(length=10), nullable=True, comment='in which they are spoken to, where they chose one'),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('uid'),
    sqlite_autoincrement=True
    )
    op.create_table('identities',
    sa.Column('trade', sa.String(length=40), nullable=False),
    sa.Column('issuer', sa.String(length=255), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('unlinked_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ),
    sa.PrimaryKeyConstraint('trade', 'issuer', 'subject')
    )
    with op.batch_alter_table('identities', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_identities_user_id'), ['user_id'], unique=False)

    op.create_table('kernel_deliveries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('webhook_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('event', sa.String(length=120), nullable=False),
    sa.Column('versions', sa.Text(), nullable=False),
    sa.Column('state', sa.String(40), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('status', sa.BigInteger(), nullable=True),
    sa.Column('response', sa.String(length=1024), nullable=True),
    sa.Column('error', sa.String(length=300), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("state = 'pending' OR state = 'delivered' OR state = 'failed'", name='ck_kernel_deliveries_state'),
    sa.ForeignKeyConstraint(['org_id', 'webhook_id'], ['kernel_webhooks.org_id', 'kernel_webhooks.id'], name='fk_kernel_deliveries_webhook_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_deliveries_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_kernel_deliveries_webhook_id', ['org_id', 'webhook_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_kernel_deliveries_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_exports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('type', sa.String(length=63), nullable=False),
    sa.Column('format', sa.String(40), nullable=False),
    sa.Column('query', sa.Text(), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('error', sa.String(length=500), nullable=True),
    sa.Column('by_user', sa.BigInteger(), nullable=False),
    sa.Column('by_role', sa.String(length=40), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("format = 'csv' OR format = 'xlsx' OR format = 'jsonl'", name='ck_kernel_exports_format'),
    sa.CheckConstraint("status = 'running' OR status = 'done' OR status = 'failed' OR status = 'cancelled'", name='ck_kernel_exports_status'),
    sa.ForeignKeyConstraint(['org_id', 'file_id'], ['kernel_files.org_id', 'kernel_files.id'], name='fk_kernel_exports_file_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_exports', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_exports_file_id', ['org_id', 'file_id'], unique=False, sqlite_where=sa.text('file_id IS NOT NULL'), postgresql_where=sa.text('file_id IS NOT NULL'))
        batch_op.create_index('ix_kernel_exports_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_exports_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('kernel_imports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('of_trade', sa.String(length=40), nullable=False),
    sa.Column('type', sa.String(length=63), nullable=False),
    sa.Column('file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('dry_run', sa.Boolean(), nullable=False),
    sa.Column('existing', sa.String(40), nullable=False),
    sa.Column('whole', sa.Boolean(), nullable=False),
    sa.Column('columns', sa.Text(), nullable=False),
    sa.Column('decimal', sa.String(length=1), nullable=False),
    sa.Column('dates', sa.String(length=3), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('created', sa.BigInteger(), nullable=False),
    sa.Column('updated', sa.BigInteger(), nullable=False),
    sa.Column('unchanged', sa.BigInteger(), nullable=False),
    sa.Column('failed', sa.BigInteger(), nullable=False),
    sa.Column('errors', sa.Text(), nullable=False),
    sa.Column('error', sa.String(length=500), nullable=True),
    sa.Column('by_user', sa.BigInteger(), nullable=False),
    sa.Column('by_key', sa.BigInteger(), nullable=False),
    sa.Column('by_role', sa.String(length=40), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("existing = 'update' OR existing = 'skip'", name='ck_kernel_imports_existing'),
    sa.CheckConstraint("status = 'checking' OR status = 'checked' OR status = 'running' OR status = 'done' OR status = 'failed' OR status = 'cancelled'", name='ck_kernel_imports_status'),
    sa.ForeignKeyConstraint(['org_id', 'file_id'], ['kernel_files.org_id', 'kernel_files.id'], name='fk_kernel_imports_file_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_imports', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_imports_file_id', ['org_id', 'file_id'], unique=False, sqlite_where=sa.text('file_id IS NOT NULL'), postgresql_where=sa.text('file_id IS NOT NULL'))
        batch_op.create_index('ix_kernel_imports_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_imports_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('memberships',
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('trade', sa.String(length=40), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('waits_since', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True, comment='of whoever has registered and waits for approval'),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.id'], ),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ),
    sa.PrimaryKeyConstraint('org_id', 'trade', 'user_id')
    )
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.create_index('ix_memberships_user', ['user_id', 'trade'], unique=False)

    op.create_table('one_time_links',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=10), nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('trade', sa.String(length=40), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('role', sa.String(length=40), nullable=True),
    sa.Column('address', sa.String(length=254), nullable=True),
    sa.Column('made_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['made_by'], ['users.id'], ),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.id'], ),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('digest'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('one_time_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_one_time_links_user_id'), ['user_id'], unique=False)

    op.create_table('sessions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('trade', sa.String(length=40), nullable=False),
    sa.Column('device', sa.String(length=64), nullable=False),
    sa.Column('agent', sa.String(length=200), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(length=64), nullable=False),
    sa.Column('turned_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('ended_by', sa.String(length=20), nullable=True),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.id'], ),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.create_index('ix_sessions_user', ['user_id', 'device'], unique=False)

    op.create_table('sign_in_names',
    sa.Column('trade', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('folded', sa.String(length=254), nullable=False),
    sa.Column('shown', sa.String(length=254), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('verified_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ),
    sa.PrimaryKeyConstraint('trade', 'kind', 'folded')
    )
    with op.batch_alter_table('sign_in_names', schema=None) as batch_op:
        batch_op.create_index('ux_sign_in_names_of_a_kind', ['user_id', 'trade', 'kind'], unique=True)
        batch_op.create_index('ux_sign_in_names_of_a_user', ['user_id', 'trade', 'position'], unique=True)

    op.create_table('user_secrets',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('trade', sa.String(length=40), nullable=False),
    sa.Column('hash', sa.String(length=255), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], ),
    sa.PrimaryKeyConstraint('user_id', 'trade'),
    comment='a password opens every trade of its user, and has none here; a PIN opens its own'
    )
    op.create_table('kernel_import_errors',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=False),
    sa.Column('column', sa.String(length=200), nullable=True),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('says', sa.String(length=1000), nullable=False),
    sa.Column('cells', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'import_id'], ['kernel_imports.org_id', 'kernel_imports.id'], name='fk_kernel_import_errors_import_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kernel_import_errors', schema=None) as batch_op:
        batch_op.create_index('ix_kernel_import_errors_import_id_row', ['org_id', 'import_id', 'row'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_kernel_import_errors_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_kernel_import_errors_org_id_id', ['org_id', 'id'], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE event_changes ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE event_changes FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON event_changes USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE events ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE events FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON events USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON idempotency_keys USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_api_keys ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_api_keys FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_api_keys USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_checks ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_checks FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_checks USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_comments ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_comments FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_comments USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_files ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_files FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_files USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_import_rows ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_import_rows FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_import_rows USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_messages ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_messages FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_messages USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_notices ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_notices FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_notices USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_opt_outs ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_opt_outs FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_opt_outs USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_privacy ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_privacy FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_privacy USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_replies ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_replies FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_replies USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_saved_views ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_saved_views FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_saved_views USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_settings ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_settings FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_settings USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_webhooks ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_webhooks FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_webhooks USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_wordings ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_wordings FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_wordings USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE numbers ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE numbers FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON numbers USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE subject_totals ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE subject_totals FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON subject_totals USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE totals ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE totals FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON totals USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_deliveries ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_deliveries FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_deliveries USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_exports ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_exports FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_exports USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_imports ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_imports FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_imports USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE kernel_import_errors ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE kernel_import_errors FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON kernel_import_errors USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")


def downgrade() -> None:
    with op.batch_alter_table('kernel_import_errors', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_import_errors_org_id_id')
        batch_op.drop_index('ix_kernel_import_errors_recent')
        batch_op.drop_index('ix_kernel_import_errors_import_id_row', sqlite_where=None, postgresql_where=None)

    op.drop_table('kernel_import_errors')
    op.drop_table('user_secrets')
    with op.batch_alter_table('sign_in_names', schema=None) as batch_op:
        batch_op.drop_index('ux_sign_in_names_of_a_user')
        batch_op.drop_index('ux_sign_in_names_of_a_kind')

    op.drop_table('sign_in_names')
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.drop_index('ix_sessions_user')

    op.drop_table('sessions')
    with op.batch_alter_table('one_time_links', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_one_time_links_user_id'))

    op.drop_table('one_time_links')
    with op.batch_alter_table('memberships', schema=None) as batch_op:
        batch_op.drop_index('ix_memberships_user')

    op.drop_table('memberships')
    with op.batch_alter_table('kernel_imports', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_imports_org_id_id')
        batch_op.drop_index('ix_kernel_imports_recent')
        batch_op.drop_index('ix_kernel_imports_file_id', sqlite_where=sa.text('file_id IS NOT NULL'), postgresql_where=sa.text('file_id IS NOT NULL'))

    op.drop_table('kernel_imports')
    with op.batch_alter_table('kernel_exports', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_exports_org_id_id')
        batch_op.drop_index('ix_kernel_exports_recent')
        batch_op.drop_index('ix_kernel_exports_file_id', sqlite_where=sa.text('file_id IS NOT NULL'), postgresql_where=sa.text('file_id IS NOT NULL'))

    op.drop_table('kernel_exports')
    with op.batch_alter_table('kernel_deliveries', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_deliveries_org_id_id')
        batch_op.drop_index('ix_kernel_deliveries_webhook_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_deliveries_recent')

    op.drop_table('kernel_deliveries')
    with op.batch_alter_table('identities', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_identities_user_id'))

    op.drop_table('identities')
    op.drop_table('users')
    op.drop_table('totals')
    op.drop_table('subject_totals')
    op.drop_table('spent_tickets')
    op.drop_table('sign_in_attempts')
    op.drop_table('schema_versions')
    op.drop_table('revisions')
    op.drop_table('organisations')
    op.drop_table('numbers')
    with op.batch_alter_table('kernel_wordings', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_wordings_org_id_id')
        batch_op.drop_index('uq_kernel_wordings_of_trade_template', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_wordings_recent')

    op.drop_table('kernel_wordings')
    with op.batch_alter_table('kernel_webhooks', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_webhooks_org_id_id')
        batch_op.drop_index('ix_kernel_webhooks_recent')

    op.drop_table('kernel_webhooks')
    with op.batch_alter_table('kernel_settings', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_settings_org_id_id')
        batch_op.drop_index('uq_kernel_settings_of_trade_name', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_settings_recent')

    op.drop_table('kernel_settings')
    with op.batch_alter_table('kernel_saved_views', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_saved_views_org_id_id')
        batch_op.drop_index('uq_kernel_saved_views_of_trade_owner_id_room_name', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_saved_views_recent')
        batch_op.drop_index('ix_kernel_saved_views_of_trade_room', sqlite_where=None, postgresql_where=None)

    op.drop_table('kernel_saved_views')
    with op.batch_alter_table('kernel_replies', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_replies_provider_provider_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_kernel_replies_org_id_id')
        batch_op.drop_index('ix_kernel_replies_recent')

    op.drop_table('kernel_replies')
    with op.batch_alter_table('kernel_privacy', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_privacy_org_id_id')
        batch_op.drop_index('ix_kernel_privacy_recent')

    op.drop_table('kernel_privacy')
    with op.batch_alter_table('kernel_opt_outs', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_opt_outs_org_id_id')
        batch_op.drop_index('uq_kernel_opt_outs_channel_address', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_opt_outs_recent')

    op.drop_table('kernel_opt_outs')
    with op.batch_alter_table('kernel_notices', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_notices_org_id_id')
        batch_op.drop_index('uq_kernel_notices_of_trade_once', sqlite_where=sa.text('once IS NOT NULL'), postgresql_where=sa.text('once IS NOT NULL'))
        batch_op.drop_index('ix_kernel_notices_recent')
        batch_op.drop_index('ix_kernel_notices_person_id_created_at_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('kernel_notices')
    with op.batch_alter_table('kernel_messages', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_messages_org_id_id')
        batch_op.drop_index('uq_kernel_messages_of_trade_once', sqlite_where=sa.text('once IS NOT NULL'), postgresql_where=sa.text('once IS NOT NULL'))
        batch_op.drop_index('ix_kernel_messages_status_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_messages_recent')
        batch_op.drop_index('ix_kernel_messages_cause_entity_cause_id', sqlite_where=sa.text('cause_entity IS NOT NULL'), postgresql_where=sa.text('cause_entity IS NOT NULL'))
        batch_op.drop_index('ix_kernel_messages_address', sqlite_where=None, postgresql_where=None)

    op.drop_table('kernel_messages')
    with op.batch_alter_table('kernel_jobs', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_jobs_org_id_id')
        batch_op.drop_index('uq_kernel_jobs_of_trade_key', sqlite_where=sa.text("state = 'queued' AND key IS NOT NULL"), postgresql_where=sa.text("state = 'queued' AND key IS NOT NULL"))
        batch_op.drop_index('ix_kernel_jobs_recent')
        batch_op.drop_index('ix_kernel_jobs_lease', sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
        batch_op.drop_index('ix_kernel_jobs_due', sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))

    op.drop_table('kernel_jobs')
    with op.batch_alter_table('kernel_import_rows', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_import_rows_org_id_id')
        batch_op.drop_index('uq_kernel_import_rows_entity_digest', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_import_rows_recent')

    op.drop_table('kernel_import_rows')
    with op.batch_alter_table('kernel_files', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_files_org_id_id')
        batch_op.drop_index('uq_kernel_files_key', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_files_recent')
        batch_op.drop_index('ix_kernel_files_entity_record_id', sqlite_where=sa.text('entity IS NOT NULL'), postgresql_where=sa.text('entity IS NOT NULL'))

    op.drop_table('kernel_files')
    with op.batch_alter_table('kernel_comments', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_comments_org_id_id')
        batch_op.drop_index('ix_kernel_comments_recent')
        batch_op.drop_index('ix_kernel_comments_entity_record_id_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('kernel_comments')
    with op.batch_alter_table('kernel_checks', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_checks_org_id_id')
        batch_op.drop_index('ix_kernel_checks_recent')

    op.drop_table('kernel_checks')
    with op.batch_alter_table('kernel_api_keys', schema=None) as batch_op:
        batch_op.drop_index('uq_kernel_api_keys_org_id_id')
        batch_op.drop_index('uq_kernel_api_keys_digest', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_kernel_api_keys_recent')

    op.drop_table('kernel_api_keys')
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.drop_index('uq_idempotency_keys_digest')

    op.drop_table('idempotency_keys')
    op.drop_table('events')
    with op.batch_alter_table('event_changes', schema=None) as batch_op:
        batch_op.drop_index('ix_event_changes_record')

    op.drop_table('event_changes')
    op.drop_table('backups')
