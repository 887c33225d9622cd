"""First."""

import sqlalchemy as sa
from alembic import op

revision = "laundry_0001"
down_revision = None
branch_labels = ("laundry",)
depends_on = "kernel_0001"
additive = True


def upgrade() -> None:
    op.create_table('laundry_activities',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('activity_type', sa.String(length=40), nullable=False),
    sa.Column('machine_type', sa.String(40), nullable=True),
    sa.Column('machine_number', sa.BigInteger(), nullable=True),
    sa.Column('details', sa.String(length=300), nullable=False),
    sa.CheckConstraint("machine_type = 'washer' OR machine_type = 'dryer'", name='ck_laundry_activities_machine_type'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_activities', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_activities_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_laundry_activities_user_id', ['org_id', 'user_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_activities_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_bulletins',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('headline', sa.String(length=120), nullable=False),
    sa.Column('body', sa.String(length=2000), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_bulletins', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_bulletins_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_bulletins_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_devices',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('endpoint', sa.String(length=1000), nullable=False),
    sa.Column('p256dh', sa.String(length=200), nullable=False),
    sa.Column('auth', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_devices', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_devices_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_laundry_devices_user_id', ['org_id', 'user_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_devices_endpoint', ['org_id', 'endpoint'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_devices_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_holidays',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_holidays', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_holidays_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_holidays_date', ['org_id', 'date'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_holidays_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_periods',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('busier', sa.Boolean(), nullable=False),
    sa.CheckConstraint('last_day >= first_day', name='ck_laundry_periods_last_day'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_periods', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_periods_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_periods_name_first_day', ['org_id', 'name', 'first_day'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_periods_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_residents',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.String(length=254), nullable=False),
    sa.Column('phone_number', sa.String(length=30), nullable=False),
    sa.Column('phone_e164', sa.String(length=20), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('channels', sa.Text(), nullable=False),
    sa.Column('remind_before_min', sa.BigInteger(), nullable=False),
    sa.Column('quiet_from', sa.String(length=5), nullable=False),
    sa.Column('quiet_until', sa.String(length=5), nullable=False),
    sa.Column('rings', sa.Boolean(), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('balance', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('balance >= 0', name='ck_laundry_residents_balance'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_residents', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_residents_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_residents_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_laundry_residents_user_id', ['org_id', 'user_id'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('laundry_rooms',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('building', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_rooms', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_rooms_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_rooms_name', ['org_id', 'name'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_rooms_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_waitlist_items',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.String(length=254), nullable=False),
    sa.Column('machine_type', sa.String(40), nullable=False),
    sa.Column('joined_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('turn', sa.BigInteger(), nullable=False),
    sa.Column('missed', sa.BigInteger(), nullable=False),
    sa.Column('snoozed', sa.Boolean(), nullable=False),
    sa.Column('after_cycle_id', sa.BigInteger(), nullable=True),
    sa.Column('left_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('why', sa.String(length=80), nullable=False),
    sa.CheckConstraint("machine_type = 'washer' OR machine_type = 'dryer'", name='ck_laundry_waitlist_items_machine_type'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_waitlist_items', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_waitlist_items_machine_type_turn', ['org_id', 'machine_type', 'turn'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_waitlist_items_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_waitlist_items_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_laundry_waitlist_items_user_id_machine_type', ['org_id', 'user_id', 'machine_type'], unique=True, sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))

    op.create_table('laundry_machines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('machine_type', sa.String(40), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('room_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('current_category', sa.String(40), nullable=True),
    sa.Column('current_user_id', sa.BigInteger(), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('grace_until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('offered_to_id', sa.BigInteger(), nullable=True),
    sa.Column('held_until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('total_cycles', sa.BigInteger(), nullable=False),
    sa.Column('last_maintenance', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('maintenance_note', sa.String(length=500), nullable=False),
    sa.Column('confidence', sa.String(40), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("confidence = 'app' OR confidence = 'person' OR confidence = 'inferred' OR confidence = 'unknown'", name='ck_laundry_machines_confidence'),
    sa.CheckConstraint("current_category = 'normal' OR current_category = 'extra_5' OR current_category = 'extra_10' OR current_category = 'extra_15'", name='ck_laundry_machines_current_category'),
    sa.CheckConstraint("machine_type = 'washer' OR machine_type = 'dryer'", name='ck_laundry_machines_machine_type'),
    sa.CheckConstraint("status = 'available' OR status = 'in_use' OR status = 'completed' OR status = 'disabled'", name='ck_laundry_machines_status'),
    sa.ForeignKeyConstraint(['org_id', 'room_id'], ['laundry_rooms.org_id', 'laundry_rooms.id'], name='fk_laundry_machines_room_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_machines', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_machines_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_machines_machine_type_number', ['org_id', 'machine_type', 'number'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_machines_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_wishes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('machine_type', sa.String(40), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('room_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.CheckConstraint("machine_type = 'washer' OR machine_type = 'dryer'", name='ck_laundry_wishes_machine_type'),
    sa.ForeignKeyConstraint(['org_id', 'room_id'], ['laundry_rooms.org_id', 'laundry_rooms.id'], name='fk_laundry_wishes_room_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_wishes', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_wishes_machine_type', ['org_id', 'machine_type'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_wishes_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_laundry_wishes_room_id', ['org_id', 'room_id'], unique=False, sqlite_where=sa.text('room_id IS NOT NULL'), postgresql_where=sa.text('room_id IS NOT NULL'))
        batch_op.create_index('uq_laundry_wishes_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_laundry_wishes_user_id_machine_type', ['org_id', 'user_id', 'machine_type'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('laundry_cycles',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('machine_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('machine_type', sa.String(40), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('category', sa.String(40), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('cleared_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('cleared_by_id', sa.BigInteger(), nullable=True),
    sa.Column('price', sa.BigInteger(), nullable=False),
    sa.Column('idle_fees', sa.BigInteger(), nullable=False),
    sa.Column('idle_due', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('photo_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("category = 'normal' OR category = 'extra_5' OR category = 'extra_10' OR category = 'extra_15'", name='ck_laundry_cycles_category'),
    sa.CheckConstraint("machine_type = 'washer' OR machine_type = 'dryer'", name='ck_laundry_cycles_machine_type'),
    sa.CheckConstraint("status = 'running' OR status = 'completed' OR status = 'collected' OR status = 'moved' OR status = 'released' OR status = 'cancelled'", name='ck_laundry_cycles_status'),
    sa.ForeignKeyConstraint(['org_id', 'machine_id'], ['laundry_machines.org_id', 'laundry_machines.id'], name='fk_laundry_cycles_machine_id'),
    sa.ForeignKeyConstraint(['org_id', 'photo_id'], ['kernel_files.org_id', 'kernel_files.id'], name='fk_laundry_cycles_photo_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_cycles', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_cycles_machine_id', ['org_id', 'machine_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_cycles_machine_type_created_at_id', ['org_id', 'machine_type', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_cycles_photo_id', ['org_id', 'photo_id'], unique=False, sqlite_where=sa.text('photo_id IS NOT NULL'), postgresql_where=sa.text('photo_id IS NOT NULL'))
        batch_op.create_index('ix_laundry_cycles_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_laundry_cycles_status_created_at_id', ['org_id', 'status', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_cycles_user_id', ['org_id', 'user_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_cycles_machine_id', ['org_id', 'machine_id'], unique=True, sqlite_where=sa.text('cleared_at IS NULL'), postgresql_where=sa.text('cleared_at IS NULL'))
        batch_op.create_index('uq_laundry_cycles_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_fault_reports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('machine_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('machine_type', sa.String(40), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('description', sa.String(length=500), nullable=False),
    sa.Column('photo_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.CheckConstraint("machine_type = 'washer' OR machine_type = 'dryer'", name='ck_laundry_fault_reports_machine_type'),
    sa.ForeignKeyConstraint(['org_id', 'machine_id'], ['laundry_machines.org_id', 'laundry_machines.id'], name='fk_laundry_fault_reports_machine_id'),
    sa.ForeignKeyConstraint(['org_id', 'photo_id'], ['kernel_files.org_id', 'kernel_files.id'], name='fk_laundry_fault_reports_photo_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_fault_reports', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_fault_reports_machine_id', ['org_id', 'machine_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_fault_reports_photo_id', ['org_id', 'photo_id'], unique=False, sqlite_where=sa.text('photo_id IS NOT NULL'), postgresql_where=sa.text('photo_id IS NOT NULL'))
        batch_op.create_index('ix_laundry_fault_reports_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_laundry_fault_reports_user_id', ['org_id', 'user_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_fault_reports_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_follows',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('machine_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'machine_id'], ['laundry_machines.org_id', 'laundry_machines.id'], name='fk_laundry_follows_machine_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_follows', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_follows_machine_id', ['org_id', 'machine_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_follows_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_laundry_follows_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_laundry_follows_user_id_machine_id', ['org_id', 'user_id', 'machine_id'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('laundry_offers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('machine_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('item_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('machine_type', sa.String(40), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("machine_type = 'washer' OR machine_type = 'dryer'", name='ck_laundry_offers_machine_type'),
    sa.CheckConstraint("status = 'offered' OR status = 'held' OR status = 'taken' OR status = 'lapsed' OR status = 'given_up' OR status = 'withdrawn'", name='ck_laundry_offers_status'),
    sa.ForeignKeyConstraint(['org_id', 'item_id'], ['laundry_waitlist_items.org_id', 'laundry_waitlist_items.id'], name='fk_laundry_offers_item_id'),
    sa.ForeignKeyConstraint(['org_id', 'machine_id'], ['laundry_machines.org_id', 'laundry_machines.id'], name='fk_laundry_offers_machine_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_offers', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_offers_item_id', ['org_id', 'item_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_offers_machine_id', ['org_id', 'machine_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_offers_machine_type_created_at_id', ['org_id', 'machine_type', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_laundry_offers_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_laundry_offers_user_id', ['org_id', 'user_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_offers_item_id', ['org_id', 'item_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.create_index('uq_laundry_offers_machine_id', ['org_id', 'machine_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.create_index('uq_laundry_offers_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('laundry_payments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('what', sa.String(40), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('balance', sa.BigInteger(), nullable=False),
    sa.Column('cycle_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.CheckConstraint("what = 'top_up' OR what = 'cycle' OR what = 'idle' OR what = 'refund' OR what = 'pay_out'", name='ck_laundry_payments_what'),
    sa.ForeignKeyConstraint(['org_id', 'cycle_id'], ['laundry_cycles.org_id', 'laundry_cycles.id'], name='fk_laundry_payments_cycle_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('laundry_payments', schema=None) as batch_op:
        batch_op.create_index('ix_laundry_payments_cycle_id', ['org_id', 'cycle_id'], unique=False, sqlite_where=sa.text('cycle_id IS NOT NULL'), postgresql_where=sa.text('cycle_id IS NOT NULL'))
        batch_op.create_index('ix_laundry_payments_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_laundry_payments_user_id', ['org_id', 'user_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_laundry_payments_org_id_id', ['org_id', 'id'], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE laundry_activities ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_activities FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_activities USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_bulletins ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_bulletins FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_bulletins USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_devices ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_devices FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_devices USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_holidays ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_holidays FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_holidays USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_periods ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_periods FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_periods USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_residents ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_residents FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_residents USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_rooms ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_rooms FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_rooms USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_waitlist_items ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_waitlist_items FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_waitlist_items USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_machines ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_machines FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_machines USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_wishes ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_wishes FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_wishes USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_cycles ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_cycles FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_cycles USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_fault_reports ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_fault_reports FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_fault_reports USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_follows ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_follows FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_follows USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_offers ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_offers FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_offers USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE laundry_payments ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE laundry_payments FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON laundry_payments USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")


def downgrade() -> None:
    with op.batch_alter_table('laundry_payments', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_payments_org_id_id')
        batch_op.drop_index('ix_laundry_payments_user_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_payments_recent')
        batch_op.drop_index('ix_laundry_payments_cycle_id', sqlite_where=sa.text('cycle_id IS NOT NULL'), postgresql_where=sa.text('cycle_id IS NOT NULL'))

    op.drop_table('laundry_payments')
    with op.batch_alter_table('laundry_offers', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_offers_org_id_id')
        batch_op.drop_index('uq_laundry_offers_machine_id', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index('uq_laundry_offers_item_id', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index('ix_laundry_offers_user_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_offers_recent')
        batch_op.drop_index('ix_laundry_offers_machine_type_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_offers_machine_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_offers_item_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('laundry_offers')
    with op.batch_alter_table('laundry_follows', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_follows_user_id_machine_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_laundry_follows_org_id_id')
        batch_op.drop_index('ix_laundry_follows_recent')
        batch_op.drop_index('ix_laundry_follows_machine_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('laundry_follows')
    with op.batch_alter_table('laundry_fault_reports', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_fault_reports_org_id_id')
        batch_op.drop_index('ix_laundry_fault_reports_user_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_fault_reports_recent')
        batch_op.drop_index('ix_laundry_fault_reports_photo_id', sqlite_where=sa.text('photo_id IS NOT NULL'), postgresql_where=sa.text('photo_id IS NOT NULL'))
        batch_op.drop_index('ix_laundry_fault_reports_machine_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('laundry_fault_reports')
    with op.batch_alter_table('laundry_cycles', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_cycles_org_id_id')
        batch_op.drop_index('uq_laundry_cycles_machine_id', sqlite_where=sa.text('cleared_at IS NULL'), postgresql_where=sa.text('cleared_at IS NULL'))
        batch_op.drop_index('ix_laundry_cycles_user_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_cycles_status_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_cycles_recent')
        batch_op.drop_index('ix_laundry_cycles_photo_id', sqlite_where=sa.text('photo_id IS NOT NULL'), postgresql_where=sa.text('photo_id IS NOT NULL'))
        batch_op.drop_index('ix_laundry_cycles_machine_type_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_cycles_machine_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('laundry_cycles')
    with op.batch_alter_table('laundry_wishes', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_wishes_user_id_machine_type', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_laundry_wishes_org_id_id')
        batch_op.drop_index('ix_laundry_wishes_room_id', sqlite_where=sa.text('room_id IS NOT NULL'), postgresql_where=sa.text('room_id IS NOT NULL'))
        batch_op.drop_index('ix_laundry_wishes_recent')
        batch_op.drop_index('ix_laundry_wishes_machine_type', sqlite_where=None, postgresql_where=None)

    op.drop_table('laundry_wishes')
    with op.batch_alter_table('laundry_machines', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_machines_org_id_id')
        batch_op.drop_index('uq_laundry_machines_machine_type_number', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_machines_recent')

    op.drop_table('laundry_machines')
    with op.batch_alter_table('laundry_waitlist_items', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_waitlist_items_user_id_machine_type', sqlite_where=sa.text('left_at IS NULL'), postgresql_where=sa.text('left_at IS NULL'))
        batch_op.drop_index('uq_laundry_waitlist_items_org_id_id')
        batch_op.drop_index('ix_laundry_waitlist_items_recent')
        batch_op.drop_index('ix_laundry_waitlist_items_machine_type_turn', sqlite_where=None, postgresql_where=None)

    op.drop_table('laundry_waitlist_items')
    with op.batch_alter_table('laundry_rooms', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_rooms_org_id_id')
        batch_op.drop_index('uq_laundry_rooms_name', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_rooms_recent')

    op.drop_table('laundry_rooms')
    with op.batch_alter_table('laundry_residents', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_residents_user_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_laundry_residents_org_id_id')
        batch_op.drop_index('ix_laundry_residents_recent')

    op.drop_table('laundry_residents')
    with op.batch_alter_table('laundry_periods', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_periods_org_id_id')
        batch_op.drop_index('uq_laundry_periods_name_first_day', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_periods_recent')

    op.drop_table('laundry_periods')
    with op.batch_alter_table('laundry_holidays', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_holidays_org_id_id')
        batch_op.drop_index('uq_laundry_holidays_date', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_holidays_recent')

    op.drop_table('laundry_holidays')
    with op.batch_alter_table('laundry_devices', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_devices_org_id_id')
        batch_op.drop_index('uq_laundry_devices_endpoint', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_devices_user_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_devices_recent')

    op.drop_table('laundry_devices')
    with op.batch_alter_table('laundry_bulletins', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_bulletins_org_id_id')
        batch_op.drop_index('ix_laundry_bulletins_recent')

    op.drop_table('laundry_bulletins')
    with op.batch_alter_table('laundry_activities', schema=None) as batch_op:
        batch_op.drop_index('uq_laundry_activities_org_id_id')
        batch_op.drop_index('ix_laundry_activities_user_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_laundry_activities_recent')

    op.drop_table('laundry_activities')
