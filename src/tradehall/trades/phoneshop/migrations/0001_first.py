"""First."""

import sqlalchemy as sa
from alembic import op

revision = "phoneshop_0001"
down_revision = None
branch_labels = ("phoneshop",)
depends_on = "kernel_0001"
additive = True


def upgrade() -> None:
    op.create_table('phoneshop_blocked_devices',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('imei', sa.String(length=24), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('source', sa.String(length=100), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_blocked_devices', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_blocked_devices_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_blocked_devices_imei', ['org_id', 'imei'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_blocked_devices_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_customers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('full_name', sa.String(length=100), nullable=False),
    sa.Column('phone_number', sa.String(length=20), nullable=False),
    sa.Column('phone_e164', sa.String(length=16), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('unique_id', sa.String(length=20), nullable=False),
    sa.Column('language', sa.String(40), nullable=True),
    sa.CheckConstraint("language = 'en' OR language = 'fr'", name='ck_phoneshop_customers_language'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_customers', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_customers_full_name_id', ['org_id', 'full_name', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_customers_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_customers_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_customers_phone_e164', ['org_id', 'phone_e164'], unique=True, sqlite_where=sa.text('phone_e164 IS NOT NULL'), postgresql_where=sa.text('phone_e164 IS NOT NULL'))
        batch_op.create_index('uq_phoneshop_customers_phone_number', ['org_id', 'phone_number'], unique=True, sqlite_where=sa.text("phone_e164 IS NULL AND phone_number <> ''"), postgresql_where=sa.text("phone_e164 IS NULL AND phone_number <> ''"))

    op.create_table('phoneshop_drawers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('opening_amount', sa.BigInteger(), nullable=False),
    sa.Column('since', sa.Text(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('counted_amount', sa.BigInteger(), nullable=True),
    sa.Column('expected_amount', sa.BigInteger(), nullable=True),
    sa.Column('difference', sa.BigInteger(), sa.Computed('counted_amount - expected_amount', persisted=True), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=True),
    sa.Column('by_method', sa.Text(), nullable=False),
    sa.Column('closed_by_id', sa.BigInteger(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("status = 'OPEN' OR status = 'CLOSED'", name='ck_phoneshop_drawers_status'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_drawers', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_drawers_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_drawers_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_drawers_status', ['org_id', 'status'], unique=True, sqlite_where=sa.text("status = 'OPEN'"), postgresql_where=sa.text("status = 'OPEN'"))

    op.create_table('phoneshop_expenses',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('category', sa.String(length=60), nullable=False),
    sa.Column('description', sa.String(length=200), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('method_reference', sa.String(length=100), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('cancelled_because', sa.String(length=200), nullable=True),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_expenses_method'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_expenses', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_expenses_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_expenses_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_movements',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(40), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('cancelled_because', sa.String(length=200), nullable=True),
    sa.CheckConstraint("kind = 'cash_in' OR kind = 'cash_out' OR kind = 'banked'", name='ck_phoneshop_movements_kind'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_movements', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_movements_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_movements_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_parts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('sku', sa.String(length=60), nullable=True),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('unit_cost', sa.BigInteger(), nullable=False),
    sa.Column('low_mark', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('quantity >= 0', name='ck_phoneshop_parts_quantity'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_parts', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_parts_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_parts_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_parts_sku', ['org_id', 'sku'], unique=True, sqlite_where=sa.text('sku IS NOT NULL'), postgresql_where=sa.text('sku IS NOT NULL'))

    op.create_table('phoneshop_phones',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('brand', sa.String(length=50), nullable=False),
    sa.Column('model', sa.String(length=100), nullable=False),
    sa.Column('condition', sa.String(40), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('is_available', sa.Boolean(), sa.Computed("status = 'AVAILABLE'", persisted=True), nullable=False),
    sa.Column('imei', sa.String(length=24), nullable=True),
    sa.Column('imei2', sa.String(length=24), nullable=True),
    sa.Column('cost_price', sa.BigInteger(), nullable=True),
    sa.Column('category_id', sa.BigInteger(), nullable=True),
    sa.Column('brand_id', sa.BigInteger(), nullable=True),
    sa.Column('specs', sa.Text(), nullable=False),
    sa.Column('grade', sa.String(length=20), nullable=True),
    sa.Column('hold_until', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('swapped_from_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('acquired_via_swap_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("condition = 'New' OR condition = 'Used' OR condition = 'Refurbished'", name='ck_phoneshop_phones_condition'),
    sa.CheckConstraint("status = 'RECEIVED' OR status = 'AVAILABLE' OR status = 'WITHHELD' OR status = 'UNDER_REPAIR' OR status = 'SOLD' OR status = 'SWAPPED' OR status = 'RETURNED'", name='ck_phoneshop_phones_status'),
    sa.CheckConstraint("value > 0 OR (value = 0 AND status <> 'AVAILABLE')", name='ck_phoneshop_phones_value_positive'),
    sa.ForeignKeyConstraint(['org_id', 'acquired_via_swap_id'], ['phoneshop_swaps.org_id', 'phoneshop_swaps.id'], name='fk_phoneshop_phones_acquired_via_swap_id', initially='DEFERRED', deferrable=True, use_alter=True),
    sa.ForeignKeyConstraint(['org_id', 'swapped_from_id'], ['phoneshop_swaps.org_id', 'phoneshop_swaps.id'], name='fk_phoneshop_phones_swapped_from_id', use_alter=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_phones', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_phones_acquired_via_swap_id', ['org_id', 'acquired_via_swap_id'], unique=False, sqlite_where=sa.text('acquired_via_swap_id IS NOT NULL'), postgresql_where=sa.text('acquired_via_swap_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_phones_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_phones_status_created_at_id', ['org_id', 'status', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_phones_swapped_from_id', ['org_id', 'swapped_from_id'], unique=False, sqlite_where=sa.text('swapped_from_id IS NOT NULL'), postgresql_where=sa.text('swapped_from_id IS NOT NULL'))
        batch_op.create_index('uq_phoneshop_phones_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_stock_counts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('closed_by_id', sa.BigInteger(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('counted', sa.BigInteger(), nullable=True),
    sa.Column('unexpected', sa.BigInteger(), nullable=True),
    sa.Column('missing', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("status = 'OPEN' OR status = 'CLOSED'", name='ck_phoneshop_stock_counts_status'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_stock_counts', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_stock_counts_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_stock_counts_status_created_at_id', ['org_id', 'status', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_stock_counts_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_withdrawals',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('method_reference', sa.String(length=100), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('cancelled_because', sa.String(length=200), nullable=True),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_withdrawals_method'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_withdrawals', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_withdrawals_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_withdrawals_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_device_checks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('imei', sa.String(length=15), nullable=True),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('result', sa.String(40), nullable=False),
    sa.Column('provider', sa.String(length=40), nullable=False),
    sa.Column('reference', sa.String(length=100), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('decision', sa.String(length=200), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("result = 'clear' OR result = 'blocked' OR result = 'unknown'", name='ck_phoneshop_device_checks_result'),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_device_checks_phone_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_device_checks', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_device_checks_imei_checked_at_id', ['org_id', 'imei', 'checked_at', 'id'], unique=False, sqlite_where=sa.text('imei IS NOT NULL'), postgresql_where=sa.text('imei IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_device_checks_phone_id', ['org_id', 'phone_id'], unique=False, sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_device_checks_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_device_checks_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_inspections',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('grade', sa.String(length=20), nullable=False),
    sa.Column('checks', sa.Text(), nullable=False),
    sa.Column('asking_price', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_inspections_phone_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_inspections', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_inspections_phone_id_created_at_id', ['org_id', 'phone_id', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_inspections_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_inspections_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_purchases',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('purchase_number', sa.String(length=20), nullable=False),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('seller_name', sa.String(length=100), nullable=False),
    sa.Column('seller_phone', sa.String(length=20), nullable=True),
    sa.Column('seller_e164', sa.String(length=16), nullable=True),
    sa.Column('seller_address', sa.String(length=200), nullable=True),
    sa.Column('id_kind', sa.String(40), nullable=False),
    sa.Column('id_number', sa.String(length=60), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('method_reference', sa.String(length=100), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('returned_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('returned_because', sa.String(length=200), nullable=True),
    sa.CheckConstraint("id_kind = 'ghana_card' OR id_kind = 'passport' OR id_kind = 'driving_licence' OR id_kind = 'voter_id' OR id_kind = 'other'", name='ck_phoneshop_purchases_id_kind'),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_purchases_method'),
    sa.ForeignKeyConstraint(['org_id', 'customer_id'], ['phoneshop_customers.org_id', 'phoneshop_customers.id'], name='fk_phoneshop_purchases_customer_id'),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_purchases_phone_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_purchases', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_purchases_customer_id', ['org_id', 'customer_id'], unique=False, sqlite_where=sa.text('customer_id IS NOT NULL'), postgresql_where=sa.text('customer_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_purchases_phone_id', ['org_id', 'phone_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_purchases_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_purchases_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_purchases_purchase_number', ['org_id', 'purchase_number'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('phoneshop_sales',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('invoice_number', sa.String(length=20), nullable=False),
    sa.Column('original_price', sa.BigInteger(), nullable=False),
    sa.Column('discount_amount', sa.BigInteger(), nullable=False),
    sa.Column('amount_paid', sa.BigInteger(), nullable=False),
    sa.Column('balance_due', sa.BigInteger(), sa.Computed('(original_price - discount_amount) - amount_paid', persisted=True), nullable=False),
    sa.Column('refunded_amount', sa.BigInteger(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=True),
    sa.Column('claims_cost', sa.BigInteger(), nullable=False),
    sa.Column('margin', sa.BigInteger(), sa.Computed('(amount_paid - cost) - claims_cost', persisted=True), nullable=True),
    sa.Column('phone_value', sa.BigInteger(), nullable=False),
    sa.Column('counter_amount', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('method_reference', sa.String(length=100), nullable=True),
    sa.Column('condition', sa.String(40), nullable=False),
    sa.Column('model_key', sa.String(length=200), nullable=False),
    sa.Column('tax_mode', sa.String(40), nullable=False),
    sa.Column('tax_amount', sa.BigInteger(), nullable=False),
    sa.Column('checkout', sa.String(length=20), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('customer_phone', sa.String(length=20), nullable=True),
    sa.Column('customer_email', sa.String(length=254), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('warranty_until', sa.Date(), nullable=True),
    sa.Column('returned_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("condition = 'New' OR condition = 'Used' OR condition = 'Refurbished'", name='ck_phoneshop_sales_condition'),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_sales_method'),
    sa.CheckConstraint("tax_mode = 'none' OR tax_mode = 'standard' OR tax_mode = 'margin'", name='ck_phoneshop_sales_tax_mode'),
    sa.CheckConstraint('amount_paid <= original_price - discount_amount', name='ck_phoneshop_sales_paid'),
    sa.CheckConstraint('refunded_amount <= amount_paid', name='ck_phoneshop_sales_refunded'),
    sa.ForeignKeyConstraint(['org_id', 'customer_id'], ['phoneshop_customers.org_id', 'phoneshop_customers.id'], name='fk_phoneshop_sales_customer_id'),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_sales_phone_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_sales', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_sales_checkout', ['org_id', 'checkout'], unique=False, sqlite_where=sa.text('checkout IS NOT NULL'), postgresql_where=sa.text('checkout IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_sales_customer_id_created_at_id', ['org_id', 'customer_id', 'created_at', 'id'], unique=False, sqlite_where=sa.text('customer_id IS NOT NULL'), postgresql_where=sa.text('customer_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_sales_model_key_created_at_id', ['org_id', 'model_key', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_sales_phone_id', ['org_id', 'phone_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_sales_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_sales_invoice_number', ['org_id', 'invoice_number'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_sales_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_sales_phone_id', ['org_id', 'phone_id'], unique=True, sqlite_where=sa.text('returned_at IS NULL'), postgresql_where=sa.text('returned_at IS NULL'))

    op.create_table('phoneshop_stock_count_lines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('stock_count_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('imei', sa.String(length=15), nullable=True),
    sa.Column('result', sa.String(40), nullable=False),
    sa.Column('phone_status', sa.String(length=20), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("result = 'counted' OR result = 'unexpected' OR result = 'missing'", name='ck_phoneshop_stock_count_lines_result'),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_stock_count_lines_phone_id'),
    sa.ForeignKeyConstraint(['org_id', 'stock_count_id'], ['phoneshop_stock_counts.org_id', 'phoneshop_stock_counts.id'], name='fk_phoneshop_stock_count_lines_stock_count_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_stock_count_lines', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_stock_count_lines_phone_id', ['org_id', 'phone_id'], unique=False, sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_stock_count_lines_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_stock_count_lines_stock_count_id_created_at_id', ['org_id', 'stock_count_id', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_stock_count_lines_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_stock_count_lines_stock_count_id_imei', ['org_id', 'stock_count_id', 'imei'], unique=True, sqlite_where=sa.text('phone_id IS NULL'), postgresql_where=sa.text('phone_id IS NULL'))
        batch_op.create_index('uq_phoneshop_stock_count_lines_stock_count_id_phone_id', ['org_id', 'stock_count_id', 'phone_id'], unique=True, sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))

    op.create_table('phoneshop_swaps',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('given_phone_description', sa.String(length=200), nullable=False),
    sa.Column('given_phone_value', sa.BigInteger(), nullable=False),
    sa.Column('new_phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('received_phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('invoice_number', sa.String(length=20), nullable=False),
    sa.Column('balance_paid', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('method_reference', sa.String(length=100), nullable=True),
    sa.Column('discount_amount', sa.BigInteger(), nullable=False),
    sa.Column('refunded_amount', sa.BigInteger(), nullable=False),
    sa.Column('new_phone_value', sa.BigInteger(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=True),
    sa.Column('expected_resale', sa.BigInteger(), nullable=True),
    sa.Column('alert', sa.String(length=200), nullable=True),
    sa.Column('is_loss_expected', sa.Boolean(), nullable=False),
    sa.Column('tax_mode', sa.String(40), nullable=False),
    sa.Column('tax_amount', sa.BigInteger(), nullable=False),
    sa.Column('checkout', sa.String(length=20), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('loss_accepted_by', sa.BigInteger(), nullable=True),
    sa.Column('returned_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('margin_basis', sa.String(40), nullable=False),
    sa.Column('total_transaction_value', sa.BigInteger(), sa.Computed('given_phone_value + balance_paid', persisted=True), nullable=False),
    sa.Column('margin', sa.BigInteger(), sa.Computed('(given_phone_value + balance_paid) - cost', persisted=True), nullable=True),
    sa.Column('estimated_profit', sa.BigInteger(), sa.Computed('(given_phone_value + balance_paid) - new_phone_value', persisted=True), nullable=False),
    sa.CheckConstraint("margin_basis = 'cost' OR margin_basis = 'unknown'", name='ck_phoneshop_swaps_margin_basis'),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_swaps_method'),
    sa.CheckConstraint("tax_mode = 'none' OR tax_mode = 'standard' OR tax_mode = 'margin'", name='ck_phoneshop_swaps_tax_mode'),
    sa.CheckConstraint('refunded_amount <= balance_paid + given_phone_value', name='ck_phoneshop_swaps_refunded'),
    sa.ForeignKeyConstraint(['org_id', 'customer_id'], ['phoneshop_customers.org_id', 'phoneshop_customers.id'], name='fk_phoneshop_swaps_customer_id'),
    sa.ForeignKeyConstraint(['org_id', 'new_phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_swaps_new_phone_id'),
    sa.ForeignKeyConstraint(['org_id', 'received_phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_swaps_received_phone_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_swaps', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_swaps_checkout', ['org_id', 'checkout'], unique=False, sqlite_where=sa.text('checkout IS NOT NULL'), postgresql_where=sa.text('checkout IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_swaps_customer_id_created_at_id', ['org_id', 'customer_id', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_swaps_new_phone_id', ['org_id', 'new_phone_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_swaps_received_phone_id', ['org_id', 'received_phone_id'], unique=False, sqlite_where=sa.text('received_phone_id IS NOT NULL'), postgresql_where=sa.text('received_phone_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_swaps_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_swaps_invoice_number', ['org_id', 'invoice_number'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_swaps_new_phone_id', ['org_id', 'new_phone_id'], unique=True, sqlite_where=sa.text('returned_at IS NULL'), postgresql_where=sa.text('returned_at IS NULL'))
        batch_op.create_index('uq_phoneshop_swaps_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_unit_costs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('description', sa.String(length=200), nullable=False),
    sa.Column('reference', sa.String(length=100), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint('amount > 0', name='ck_phoneshop_unit_costs_amount_positive'),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_unit_costs_phone_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_unit_costs', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_unit_costs_phone_id_created_at_id', ['org_id', 'phone_id', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_unit_costs_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_unit_costs_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_unit_costs_phone_id_reference', ['org_id', 'phone_id', 'reference'], unique=True, sqlite_where=sa.text('reference IS NOT NULL'), postgresql_where=sa.text('reference IS NOT NULL'))

    op.create_table('phoneshop_unit_imeis',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('imei', sa.String(length=15), nullable=False),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_held', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_unit_imeis_phone_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_unit_imeis', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_unit_imeis_imei_phone_id', ['org_id', 'imei', 'phone_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_unit_imeis_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_unit_imeis_imei', ['org_id', 'imei'], unique=True, sqlite_where=sa.text('is_held'), postgresql_where=sa.text('is_held'))
        batch_op.create_index('uq_phoneshop_unit_imeis_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_unit_imeis_phone_id_imei', ['org_id', 'phone_id', 'imei'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('phoneshop_checkouts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('number', sa.String(length=20), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('total_amount', sa.BigInteger(), nullable=False),
    sa.Column('trade_in_amount', sa.BigInteger(), nullable=False),
    sa.Column('paid_amount', sa.BigInteger(), nullable=False),
    sa.Column('balance_due', sa.BigInteger(), nullable=False),
    sa.Column('tax_amount', sa.BigInteger(), nullable=False),
    sa.Column('sale_ids', sa.Text(), nullable=False),
    sa.Column('swap_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['org_id', 'customer_id'], ['phoneshop_customers.org_id', 'phoneshop_customers.id'], name='fk_phoneshop_checkouts_customer_id'),
    sa.ForeignKeyConstraint(['org_id', 'swap_id'], ['phoneshop_swaps.org_id', 'phoneshop_swaps.id'], name='fk_phoneshop_checkouts_swap_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_checkouts', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_checkouts_customer_id', ['org_id', 'customer_id'], unique=False, sqlite_where=sa.text('customer_id IS NOT NULL'), postgresql_where=sa.text('customer_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_checkouts_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_checkouts_swap_id', ['org_id', 'swap_id'], unique=False, sqlite_where=sa.text('swap_id IS NOT NULL'), postgresql_where=sa.text('swap_id IS NOT NULL'))
        batch_op.create_index('uq_phoneshop_checkouts_number', ['org_id', 'number'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_checkouts_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_repairs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('phone_description', sa.String(length=200), nullable=False),
    sa.Column('issue_description', sa.String(length=500), nullable=False),
    sa.Column('diagnosis', sa.String(length=500), nullable=True),
    sa.Column('intake', sa.String(length=500), nullable=True),
    sa.Column('cost', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('repair_number', sa.String(length=20), nullable=False),
    sa.Column('token', sa.String(length=43), nullable=False),
    sa.Column('technician_id', sa.BigInteger(), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('due_date', sa.Date(), nullable=True),
    sa.Column('delivery_notified', sa.Boolean(), nullable=False),
    sa.Column('rework_reason', sa.String(length=500), nullable=True),
    sa.Column('unit_was', sa.String(40), nullable=True),
    sa.Column('changes', sa.BigInteger(), nullable=False),
    sa.Column('parts_cost', sa.BigInteger(), nullable=False),
    sa.Column('outside_cost', sa.BigInteger(), nullable=False),
    sa.Column('claims_cost', sa.BigInteger(), nullable=False),
    sa.Column('paid_amount', sa.BigInteger(), nullable=False),
    sa.Column('refunded_amount', sa.BigInteger(), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('warranty_days', sa.BigInteger(), nullable=True),
    sa.Column('warranty_until', sa.Date(), nullable=True),
    sa.Column('warranty_of_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('warranty_of_sale_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('balance_due', sa.BigInteger(), sa.Computed('cost - paid_amount', persisted=True), nullable=False),
    sa.Column('margin', sa.BigInteger(), sa.Computed('((cost - parts_cost) - outside_cost) - claims_cost', persisted=True), nullable=False),
    sa.CheckConstraint("status = 'Pending' OR status = 'In Progress' OR status = 'Completed' OR status = 'Delivered'", name='ck_phoneshop_repairs_status'),
    sa.CheckConstraint("unit_was = 'RECEIVED' OR unit_was = 'AVAILABLE' OR unit_was = 'WITHHELD' OR unit_was = 'UNDER_REPAIR' OR unit_was = 'SOLD' OR unit_was = 'SWAPPED' OR unit_was = 'RETURNED'", name='ck_phoneshop_repairs_unit_was'),
    sa.CheckConstraint('cost > 0 OR warranty_of_id IS NOT NULL OR warranty_of_sale_id IS NOT NULL', name='ck_phoneshop_repairs_cost'),
    sa.CheckConstraint('paid_amount <= cost', name='ck_phoneshop_repairs_paid'),
    sa.CheckConstraint('refunded_amount <= paid_amount', name='ck_phoneshop_repairs_refunded'),
    sa.ForeignKeyConstraint(['org_id', 'customer_id'], ['phoneshop_customers.org_id', 'phoneshop_customers.id'], name='fk_phoneshop_repairs_customer_id'),
    sa.ForeignKeyConstraint(['org_id', 'phone_id'], ['phoneshop_phones.org_id', 'phoneshop_phones.id'], name='fk_phoneshop_repairs_phone_id'),
    sa.ForeignKeyConstraint(['org_id', 'warranty_of_id'], ['phoneshop_repairs.org_id', 'phoneshop_repairs.id'], name='fk_phoneshop_repairs_warranty_of_id', use_alter=True),
    sa.ForeignKeyConstraint(['org_id', 'warranty_of_sale_id'], ['phoneshop_sales.org_id', 'phoneshop_sales.id'], name='fk_phoneshop_repairs_warranty_of_sale_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_repairs', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_repairs_customer_id_created_at_id', ['org_id', 'customer_id', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_repairs_phone_id', ['org_id', 'phone_id'], unique=False, sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_repairs_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_repairs_status_created_at_id', ['org_id', 'status', 'created_at', 'id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_repairs_technician_id_status_id', ['org_id', 'technician_id', 'status', 'id'], unique=False, sqlite_where=sa.text('technician_id IS NOT NULL'), postgresql_where=sa.text('technician_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_repairs_warranty_of_id', ['org_id', 'warranty_of_id'], unique=False, sqlite_where=sa.text('warranty_of_id IS NOT NULL'), postgresql_where=sa.text('warranty_of_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_repairs_warranty_of_sale_id', ['org_id', 'warranty_of_sale_id'], unique=False, sqlite_where=sa.text('warranty_of_sale_id IS NOT NULL'), postgresql_where=sa.text('warranty_of_sale_id IS NOT NULL'))
        batch_op.create_index('uq_phoneshop_repairs_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_repairs_repair_number', ['org_id', 'repair_number'], unique=True, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_repairs_token', ['org_id', 'token'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('phoneshop_estimates',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('repair_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('details', sa.String(length=1000), nullable=True),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.CheckConstraint("status = 'open' OR status = 'accepted' OR status = 'declined' OR status = 'replaced'", name='ck_phoneshop_estimates_status'),
    sa.ForeignKeyConstraint(['org_id', 'repair_id'], ['phoneshop_repairs.org_id', 'phoneshop_repairs.id'], name='fk_phoneshop_estimates_repair_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_estimates', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_estimates_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_estimates_repair_id', ['org_id', 'repair_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_estimates_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_estimates_repair_id', ['org_id', 'repair_id'], unique=True, sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"))

    op.create_table('phoneshop_payments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('method_reference', sa.String(length=100), nullable=True),
    sa.Column('provider', sa.String(length=40), nullable=True),
    sa.Column('sale_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('swap_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('repair_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('purchase_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('expense_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('withdrawal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('movement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('is_transfer', sa.Boolean(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_payments_method'),
    sa.CheckConstraint('amount <> 0', name='ck_phoneshop_payments_amount'),
    sa.ForeignKeyConstraint(['org_id', 'expense_id'], ['phoneshop_expenses.org_id', 'phoneshop_expenses.id'], name='fk_phoneshop_payments_expense_id', use_alter=True),
    sa.ForeignKeyConstraint(['org_id', 'movement_id'], ['phoneshop_movements.org_id', 'phoneshop_movements.id'], name='fk_phoneshop_payments_movement_id', use_alter=True),
    sa.ForeignKeyConstraint(['org_id', 'purchase_id'], ['phoneshop_purchases.org_id', 'phoneshop_purchases.id'], name='fk_phoneshop_payments_purchase_id', use_alter=True),
    sa.ForeignKeyConstraint(['org_id', 'repair_id'], ['phoneshop_repairs.org_id', 'phoneshop_repairs.id'], name='fk_phoneshop_payments_repair_id'),
    sa.ForeignKeyConstraint(['org_id', 'sale_id'], ['phoneshop_sales.org_id', 'phoneshop_sales.id'], name='fk_phoneshop_payments_sale_id'),
    sa.ForeignKeyConstraint(['org_id', 'swap_id'], ['phoneshop_swaps.org_id', 'phoneshop_swaps.id'], name='fk_phoneshop_payments_swap_id'),
    sa.ForeignKeyConstraint(['org_id', 'withdrawal_id'], ['phoneshop_withdrawals.org_id', 'phoneshop_withdrawals.id'], name='fk_phoneshop_payments_withdrawal_id', use_alter=True),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_payments', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_payments_expense_id', ['org_id', 'expense_id'], unique=False, sqlite_where=sa.text('expense_id IS NOT NULL'), postgresql_where=sa.text('expense_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_payments_movement_id', ['org_id', 'movement_id'], unique=False, sqlite_where=sa.text('movement_id IS NOT NULL'), postgresql_where=sa.text('movement_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_payments_purchase_id', ['org_id', 'purchase_id'], unique=False, sqlite_where=sa.text('purchase_id IS NOT NULL'), postgresql_where=sa.text('purchase_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_payments_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_payments_repair_id', ['org_id', 'repair_id'], unique=False, sqlite_where=sa.text('repair_id IS NOT NULL'), postgresql_where=sa.text('repair_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_payments_sale_id', ['org_id', 'sale_id'], unique=False, sqlite_where=sa.text('sale_id IS NOT NULL'), postgresql_where=sa.text('sale_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_payments_swap_id', ['org_id', 'swap_id'], unique=False, sqlite_where=sa.text('swap_id IS NOT NULL'), postgresql_where=sa.text('swap_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_payments_withdrawal_id', ['org_id', 'withdrawal_id'], unique=False, sqlite_where=sa.text('withdrawal_id IS NOT NULL'), postgresql_where=sa.text('withdrawal_id IS NOT NULL'))
        batch_op.create_index('uq_phoneshop_payments_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_payments_provider_method_reference', ['org_id', 'provider', 'method_reference'], unique=True, sqlite_where=sa.text('provider IS NOT NULL'), postgresql_where=sa.text('provider IS NOT NULL'))

    op.create_table('phoneshop_refunds',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('sale_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('swap_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('repair_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer_id', sa.BigInteger(), nullable=True),
    sa.Column('condition', sa.String(40), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('revenue', sa.BigInteger(), nullable=False),
    sa.Column('profit', sa.BigInteger(), nullable=True),
    sa.Column('margin', sa.BigInteger(), nullable=True),
    sa.Column('tax', sa.BigInteger(), nullable=False),
    sa.Column('is_full', sa.Boolean(), nullable=False),
    sa.Column('had_counted', sa.Boolean(), nullable=False),
    sa.Column('is_void', sa.Boolean(), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("condition = 'New' OR condition = 'Used' OR condition = 'Refurbished'", name='ck_phoneshop_refunds_condition'),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_refunds_method'),
    sa.ForeignKeyConstraint(['org_id', 'repair_id'], ['phoneshop_repairs.org_id', 'phoneshop_repairs.id'], name='fk_phoneshop_refunds_repair_id'),
    sa.ForeignKeyConstraint(['org_id', 'sale_id'], ['phoneshop_sales.org_id', 'phoneshop_sales.id'], name='fk_phoneshop_refunds_sale_id'),
    sa.ForeignKeyConstraint(['org_id', 'swap_id'], ['phoneshop_swaps.org_id', 'phoneshop_swaps.id'], name='fk_phoneshop_refunds_swap_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_refunds', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_refunds_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_refunds_repair_id', ['org_id', 'repair_id'], unique=False, sqlite_where=sa.text('repair_id IS NOT NULL'), postgresql_where=sa.text('repair_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_refunds_sale_id', ['org_id', 'sale_id'], unique=False, sqlite_where=sa.text('sale_id IS NOT NULL'), postgresql_where=sa.text('sale_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_refunds_swap_id', ['org_id', 'swap_id'], unique=False, sqlite_where=sa.text('swap_id IS NOT NULL'), postgresql_where=sa.text('swap_id IS NOT NULL'))
        batch_op.create_index('uq_phoneshop_refunds_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_repair_parts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('repair_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('part_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('unit_cost', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(40), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=False),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("reason = 'used' OR reason = 'broken' OR reason = 'faulty' OR reason = 'outside'", name='ck_phoneshop_repair_parts_reason'),
    sa.ForeignKeyConstraint(['org_id', 'part_id'], ['phoneshop_parts.org_id', 'phoneshop_parts.id'], name='fk_phoneshop_repair_parts_part_id'),
    sa.ForeignKeyConstraint(['org_id', 'repair_id'], ['phoneshop_repairs.org_id', 'phoneshop_repairs.id'], name='fk_phoneshop_repair_parts_repair_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_repair_parts', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_repair_parts_part_id', ['org_id', 'part_id'], unique=False, sqlite_where=sa.text('part_id IS NOT NULL'), postgresql_where=sa.text('part_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_repair_parts_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_repair_parts_repair_id', ['org_id', 'repair_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_repair_parts_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_repair_replies',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('repair_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('body', sa.String(length=2000), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'customer_id'], ['phoneshop_customers.org_id', 'phoneshop_customers.id'], name='fk_phoneshop_repair_replies_customer_id'),
    sa.ForeignKeyConstraint(['org_id', 'repair_id'], ['phoneshop_repairs.org_id', 'phoneshop_repairs.id'], name='fk_phoneshop_repair_replies_repair_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_repair_replies', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_repair_replies_customer_id', ['org_id', 'customer_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_repair_replies_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_repair_replies_repair_id', ['org_id', 'repair_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('uq_phoneshop_repair_replies_org_id_id', ['org_id', 'id'], unique=True)

    op.create_table('phoneshop_attempts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('sale_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('repair_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('provider', sa.String(length=40), nullable=False),
    sa.Column('reference', sa.String(length=100), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=10), nullable=False),
    sa.Column('status', sa.String(40), nullable=False),
    sa.Column('method', sa.String(40), nullable=False),
    sa.Column('method_reference', sa.String(length=100), nullable=True),
    sa.Column('authorization_url', sa.String(length=500), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('cancel_asked_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=True),
    sa.Column('provider_amount', sa.BigInteger(), nullable=True),
    sa.Column('provider_currency', sa.String(length=10), nullable=True),
    sa.Column('provider_id', sa.String(length=60), nullable=True),
    sa.Column('why', sa.String(length=300), nullable=True),
    sa.Column('staff_id', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("method = 'cash' OR method = 'card' OR method = 'mobile_money' OR method = 'bank' OR method = 'provider'", name='ck_phoneshop_attempts_method'),
    sa.CheckConstraint("status = 'pending' OR status = 'succeeded' OR status = 'failed' OR status = 'cancelled' OR status = 'expired' OR status = 'requires_verification' OR status = 'returned'", name='ck_phoneshop_attempts_status'),
    sa.CheckConstraint('(sale_id IS NULL) <> (repair_id IS NULL)', name='ck_phoneshop_attempts_one_document'),
    sa.ForeignKeyConstraint(['org_id', 'payment_id'], ['phoneshop_payments.org_id', 'phoneshop_payments.id'], name='fk_phoneshop_attempts_payment_id'),
    sa.ForeignKeyConstraint(['org_id', 'repair_id'], ['phoneshop_repairs.org_id', 'phoneshop_repairs.id'], name='fk_phoneshop_attempts_repair_id'),
    sa.ForeignKeyConstraint(['org_id', 'sale_id'], ['phoneshop_sales.org_id', 'phoneshop_sales.id'], name='fk_phoneshop_attempts_sale_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_attempts', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_attempts_payment_id', ['org_id', 'payment_id'], unique=False, sqlite_where=sa.text('payment_id IS NOT NULL'), postgresql_where=sa.text('payment_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_attempts_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_phoneshop_attempts_repair_id_status', ['org_id', 'repair_id', 'status'], unique=False, sqlite_where=sa.text('repair_id IS NOT NULL'), postgresql_where=sa.text('repair_id IS NOT NULL'))
        batch_op.create_index('ix_phoneshop_attempts_sale_id_status', ['org_id', 'sale_id', 'status'], unique=False, sqlite_where=sa.text('sale_id IS NOT NULL'), postgresql_where=sa.text('sale_id IS NOT NULL'))
        batch_op.create_index('uq_phoneshop_attempts_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_attempts_reference', ['org_id', 'reference'], unique=True, sqlite_where=None, postgresql_where=None)

    op.create_table('phoneshop_payment_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('org_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite'), nullable=False),
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('provider', sa.String(length=40), nullable=False),
    sa.Column('event_id', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'attempt_id'], ['phoneshop_attempts.org_id', 'phoneshop_attempts.id'], name='fk_phoneshop_payment_events_attempt_id'),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('phoneshop_payment_events', schema=None) as batch_op:
        batch_op.create_index('ix_phoneshop_payment_events_attempt_id', ['org_id', 'attempt_id'], unique=False, sqlite_where=None, postgresql_where=None)
        batch_op.create_index('ix_phoneshop_payment_events_recent', ['org_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('uq_phoneshop_payment_events_org_id_id', ['org_id', 'id'], unique=True)
        batch_op.create_index('uq_phoneshop_payment_events_provider_event_id', ['org_id', 'provider', 'event_id'], unique=True, sqlite_where=None, postgresql_where=None)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE phoneshop_phones ADD CONSTRAINT fk_phoneshop_phones_acquired_via_swap_id FOREIGN KEY (org_id, acquired_via_swap_id) REFERENCES phoneshop_swaps (org_id, id) DEFERRABLE INITIALLY DEFERRED")
        op.execute("ALTER TABLE phoneshop_phones ADD CONSTRAINT fk_phoneshop_phones_swapped_from_id FOREIGN KEY (org_id, swapped_from_id) REFERENCES phoneshop_swaps (org_id, id)")
        op.execute("ALTER TABLE phoneshop_repairs ADD CONSTRAINT fk_phoneshop_repairs_warranty_of_id FOREIGN KEY (org_id, warranty_of_id) REFERENCES phoneshop_repairs (org_id, id)")
        op.execute("ALTER TABLE phoneshop_payments ADD CONSTRAINT fk_phoneshop_payments_expense_id FOREIGN KEY (org_id, expense_id) REFERENCES phoneshop_expenses (org_id, id)")
        op.execute("ALTER TABLE phoneshop_payments ADD CONSTRAINT fk_phoneshop_payments_movement_id FOREIGN KEY (org_id, movement_id) REFERENCES phoneshop_movements (org_id, id)")
        op.execute("ALTER TABLE phoneshop_payments ADD CONSTRAINT fk_phoneshop_payments_purchase_id FOREIGN KEY (org_id, purchase_id) REFERENCES phoneshop_purchases (org_id, id)")
        op.execute("ALTER TABLE phoneshop_payments ADD CONSTRAINT fk_phoneshop_payments_withdrawal_id FOREIGN KEY (org_id, withdrawal_id) REFERENCES phoneshop_withdrawals (org_id, id)")
        op.execute("ALTER TABLE phoneshop_blocked_devices ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_blocked_devices FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_blocked_devices USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_customers ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_customers FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_customers USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_drawers ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_drawers FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_drawers USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_expenses ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_expenses FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_expenses USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_movements ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_movements FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_movements USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_parts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_parts FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_parts USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_phones ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_phones FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_phones USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_stock_counts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_stock_counts FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_stock_counts USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_withdrawals ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_withdrawals FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_withdrawals USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_device_checks ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_device_checks FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_device_checks USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_inspections ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_inspections FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_inspections USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_purchases ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_purchases FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_purchases USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_sales ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_sales FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_sales USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_stock_count_lines ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_stock_count_lines FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_stock_count_lines USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_swaps ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_swaps FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_swaps USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_unit_costs ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_unit_costs FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_unit_costs USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_unit_imeis ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_unit_imeis FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_unit_imeis USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_checkouts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_checkouts FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_checkouts USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_repairs ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_repairs FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_repairs USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_estimates ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_estimates FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_estimates USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_payments ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_payments FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_payments USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_refunds ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_refunds FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_refunds USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_repair_parts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_repair_parts FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_repair_parts USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_repair_replies ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_repair_replies FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_repair_replies USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_attempts ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_attempts FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_attempts USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")
        op.execute("ALTER TABLE phoneshop_payment_events ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE phoneshop_payment_events FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_organisation ON phoneshop_payment_events USING (org_id = nullif(current_setting('tradehall.org', true), '')::bigint) WITH CHECK (org_id = nullif(current_setting('tradehall.org', true), '')::bigint)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE phoneshop_phones DROP CONSTRAINT fk_phoneshop_phones_acquired_via_swap_id")
        op.execute("ALTER TABLE phoneshop_phones DROP CONSTRAINT fk_phoneshop_phones_swapped_from_id")
        op.execute("ALTER TABLE phoneshop_repairs DROP CONSTRAINT fk_phoneshop_repairs_warranty_of_id")
        op.execute("ALTER TABLE phoneshop_payments DROP CONSTRAINT fk_phoneshop_payments_expense_id")
        op.execute("ALTER TABLE phoneshop_payments DROP CONSTRAINT fk_phoneshop_payments_movement_id")
        op.execute("ALTER TABLE phoneshop_payments DROP CONSTRAINT fk_phoneshop_payments_purchase_id")
        op.execute("ALTER TABLE phoneshop_payments DROP CONSTRAINT fk_phoneshop_payments_withdrawal_id")
    with op.batch_alter_table('phoneshop_payment_events', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_payment_events_provider_event_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_phoneshop_payment_events_org_id_id')
        batch_op.drop_index('ix_phoneshop_payment_events_recent')
        batch_op.drop_index('ix_phoneshop_payment_events_attempt_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('phoneshop_payment_events')
    with op.batch_alter_table('phoneshop_attempts', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_attempts_reference', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_phoneshop_attempts_org_id_id')
        batch_op.drop_index('ix_phoneshop_attempts_sale_id_status', sqlite_where=sa.text('sale_id IS NOT NULL'), postgresql_where=sa.text('sale_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_attempts_repair_id_status', sqlite_where=sa.text('repair_id IS NOT NULL'), postgresql_where=sa.text('repair_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_attempts_recent')
        batch_op.drop_index('ix_phoneshop_attempts_payment_id', sqlite_where=sa.text('payment_id IS NOT NULL'), postgresql_where=sa.text('payment_id IS NOT NULL'))

    op.drop_table('phoneshop_attempts')
    with op.batch_alter_table('phoneshop_repair_replies', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_repair_replies_org_id_id')
        batch_op.drop_index('ix_phoneshop_repair_replies_repair_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_repair_replies_recent')
        batch_op.drop_index('ix_phoneshop_repair_replies_customer_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('phoneshop_repair_replies')
    with op.batch_alter_table('phoneshop_repair_parts', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_repair_parts_org_id_id')
        batch_op.drop_index('ix_phoneshop_repair_parts_repair_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_repair_parts_recent')
        batch_op.drop_index('ix_phoneshop_repair_parts_part_id', sqlite_where=sa.text('part_id IS NOT NULL'), postgresql_where=sa.text('part_id IS NOT NULL'))

    op.drop_table('phoneshop_repair_parts')
    with op.batch_alter_table('phoneshop_refunds', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_refunds_org_id_id')
        batch_op.drop_index('ix_phoneshop_refunds_swap_id', sqlite_where=sa.text('swap_id IS NOT NULL'), postgresql_where=sa.text('swap_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_refunds_sale_id', sqlite_where=sa.text('sale_id IS NOT NULL'), postgresql_where=sa.text('sale_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_refunds_repair_id', sqlite_where=sa.text('repair_id IS NOT NULL'), postgresql_where=sa.text('repair_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_refunds_recent')

    op.drop_table('phoneshop_refunds')
    with op.batch_alter_table('phoneshop_payments', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_payments_provider_method_reference', sqlite_where=sa.text('provider IS NOT NULL'), postgresql_where=sa.text('provider IS NOT NULL'))
        batch_op.drop_index('uq_phoneshop_payments_org_id_id')
        batch_op.drop_index('ix_phoneshop_payments_withdrawal_id', sqlite_where=sa.text('withdrawal_id IS NOT NULL'), postgresql_where=sa.text('withdrawal_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_payments_swap_id', sqlite_where=sa.text('swap_id IS NOT NULL'), postgresql_where=sa.text('swap_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_payments_sale_id', sqlite_where=sa.text('sale_id IS NOT NULL'), postgresql_where=sa.text('sale_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_payments_repair_id', sqlite_where=sa.text('repair_id IS NOT NULL'), postgresql_where=sa.text('repair_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_payments_recent')
        batch_op.drop_index('ix_phoneshop_payments_purchase_id', sqlite_where=sa.text('purchase_id IS NOT NULL'), postgresql_where=sa.text('purchase_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_payments_movement_id', sqlite_where=sa.text('movement_id IS NOT NULL'), postgresql_where=sa.text('movement_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_payments_expense_id', sqlite_where=sa.text('expense_id IS NOT NULL'), postgresql_where=sa.text('expense_id IS NOT NULL'))

    op.drop_table('phoneshop_payments')
    with op.batch_alter_table('phoneshop_estimates', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_estimates_repair_id', sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"))
        batch_op.drop_index('uq_phoneshop_estimates_org_id_id')
        batch_op.drop_index('ix_phoneshop_estimates_repair_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_estimates_recent')

    op.drop_table('phoneshop_estimates')
    with op.batch_alter_table('phoneshop_repairs', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_repairs_token', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_phoneshop_repairs_repair_number', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_phoneshop_repairs_org_id_id')
        batch_op.drop_index('ix_phoneshop_repairs_warranty_of_sale_id', sqlite_where=sa.text('warranty_of_sale_id IS NOT NULL'), postgresql_where=sa.text('warranty_of_sale_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_repairs_warranty_of_id', sqlite_where=sa.text('warranty_of_id IS NOT NULL'), postgresql_where=sa.text('warranty_of_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_repairs_technician_id_status_id', sqlite_where=sa.text('technician_id IS NOT NULL'), postgresql_where=sa.text('technician_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_repairs_status_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_repairs_recent')
        batch_op.drop_index('ix_phoneshop_repairs_phone_id', sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_repairs_customer_id_created_at_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('phoneshop_repairs')
    with op.batch_alter_table('phoneshop_checkouts', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_checkouts_org_id_id')
        batch_op.drop_index('uq_phoneshop_checkouts_number', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_checkouts_swap_id', sqlite_where=sa.text('swap_id IS NOT NULL'), postgresql_where=sa.text('swap_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_checkouts_recent')
        batch_op.drop_index('ix_phoneshop_checkouts_customer_id', sqlite_where=sa.text('customer_id IS NOT NULL'), postgresql_where=sa.text('customer_id IS NOT NULL'))

    op.drop_table('phoneshop_checkouts')
    with op.batch_alter_table('phoneshop_unit_imeis', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_unit_imeis_phone_id_imei', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_phoneshop_unit_imeis_org_id_id')
        batch_op.drop_index('uq_phoneshop_unit_imeis_imei', sqlite_where=sa.text('is_held'), postgresql_where=sa.text('is_held'))
        batch_op.drop_index('ix_phoneshop_unit_imeis_recent')
        batch_op.drop_index('ix_phoneshop_unit_imeis_imei_phone_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('phoneshop_unit_imeis')
    with op.batch_alter_table('phoneshop_unit_costs', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_unit_costs_phone_id_reference', sqlite_where=sa.text('reference IS NOT NULL'), postgresql_where=sa.text('reference IS NOT NULL'))
        batch_op.drop_index('uq_phoneshop_unit_costs_org_id_id')
        batch_op.drop_index('ix_phoneshop_unit_costs_recent')
        batch_op.drop_index('ix_phoneshop_unit_costs_phone_id_created_at_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('phoneshop_unit_costs')
    with op.batch_alter_table('phoneshop_swaps', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_swaps_org_id_id')
        batch_op.drop_index('uq_phoneshop_swaps_new_phone_id', sqlite_where=sa.text('returned_at IS NULL'), postgresql_where=sa.text('returned_at IS NULL'))
        batch_op.drop_index('uq_phoneshop_swaps_invoice_number', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_swaps_recent')
        batch_op.drop_index('ix_phoneshop_swaps_received_phone_id', sqlite_where=sa.text('received_phone_id IS NOT NULL'), postgresql_where=sa.text('received_phone_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_swaps_new_phone_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_swaps_customer_id_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_swaps_checkout', sqlite_where=sa.text('checkout IS NOT NULL'), postgresql_where=sa.text('checkout IS NOT NULL'))

    op.drop_table('phoneshop_swaps')
    with op.batch_alter_table('phoneshop_stock_count_lines', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_stock_count_lines_stock_count_id_phone_id', sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))
        batch_op.drop_index('uq_phoneshop_stock_count_lines_stock_count_id_imei', sqlite_where=sa.text('phone_id IS NULL'), postgresql_where=sa.text('phone_id IS NULL'))
        batch_op.drop_index('uq_phoneshop_stock_count_lines_org_id_id')
        batch_op.drop_index('ix_phoneshop_stock_count_lines_stock_count_id_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_stock_count_lines_recent')
        batch_op.drop_index('ix_phoneshop_stock_count_lines_phone_id', sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))

    op.drop_table('phoneshop_stock_count_lines')
    with op.batch_alter_table('phoneshop_sales', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_sales_phone_id', sqlite_where=sa.text('returned_at IS NULL'), postgresql_where=sa.text('returned_at IS NULL'))
        batch_op.drop_index('uq_phoneshop_sales_org_id_id')
        batch_op.drop_index('uq_phoneshop_sales_invoice_number', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_sales_recent')
        batch_op.drop_index('ix_phoneshop_sales_phone_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_sales_model_key_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_sales_customer_id_created_at_id', sqlite_where=sa.text('customer_id IS NOT NULL'), postgresql_where=sa.text('customer_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_sales_checkout', sqlite_where=sa.text('checkout IS NOT NULL'), postgresql_where=sa.text('checkout IS NOT NULL'))

    op.drop_table('phoneshop_sales')
    with op.batch_alter_table('phoneshop_purchases', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_purchases_purchase_number', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('uq_phoneshop_purchases_org_id_id')
        batch_op.drop_index('ix_phoneshop_purchases_recent')
        batch_op.drop_index('ix_phoneshop_purchases_phone_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_purchases_customer_id', sqlite_where=sa.text('customer_id IS NOT NULL'), postgresql_where=sa.text('customer_id IS NOT NULL'))

    op.drop_table('phoneshop_purchases')
    with op.batch_alter_table('phoneshop_inspections', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_inspections_org_id_id')
        batch_op.drop_index('ix_phoneshop_inspections_recent')
        batch_op.drop_index('ix_phoneshop_inspections_phone_id_created_at_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('phoneshop_inspections')
    with op.batch_alter_table('phoneshop_device_checks', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_device_checks_org_id_id')
        batch_op.drop_index('ix_phoneshop_device_checks_recent')
        batch_op.drop_index('ix_phoneshop_device_checks_phone_id', sqlite_where=sa.text('phone_id IS NOT NULL'), postgresql_where=sa.text('phone_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_device_checks_imei_checked_at_id', sqlite_where=sa.text('imei IS NOT NULL'), postgresql_where=sa.text('imei IS NOT NULL'))

    op.drop_table('phoneshop_device_checks')
    with op.batch_alter_table('phoneshop_withdrawals', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_withdrawals_org_id_id')
        batch_op.drop_index('ix_phoneshop_withdrawals_recent')

    op.drop_table('phoneshop_withdrawals')
    with op.batch_alter_table('phoneshop_stock_counts', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_stock_counts_org_id_id')
        batch_op.drop_index('ix_phoneshop_stock_counts_status_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_stock_counts_recent')

    op.drop_table('phoneshop_stock_counts')
    with op.batch_alter_table('phoneshop_phones', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_phones_org_id_id')
        batch_op.drop_index('ix_phoneshop_phones_swapped_from_id', sqlite_where=sa.text('swapped_from_id IS NOT NULL'), postgresql_where=sa.text('swapped_from_id IS NOT NULL'))
        batch_op.drop_index('ix_phoneshop_phones_status_created_at_id', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_phones_recent')
        batch_op.drop_index('ix_phoneshop_phones_acquired_via_swap_id', sqlite_where=sa.text('acquired_via_swap_id IS NOT NULL'), postgresql_where=sa.text('acquired_via_swap_id IS NOT NULL'))

    op.drop_table('phoneshop_phones')
    with op.batch_alter_table('phoneshop_parts', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_parts_sku', sqlite_where=sa.text('sku IS NOT NULL'), postgresql_where=sa.text('sku IS NOT NULL'))
        batch_op.drop_index('uq_phoneshop_parts_org_id_id')
        batch_op.drop_index('ix_phoneshop_parts_recent')

    op.drop_table('phoneshop_parts')
    with op.batch_alter_table('phoneshop_movements', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_movements_org_id_id')
        batch_op.drop_index('ix_phoneshop_movements_recent')

    op.drop_table('phoneshop_movements')
    with op.batch_alter_table('phoneshop_expenses', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_expenses_org_id_id')
        batch_op.drop_index('ix_phoneshop_expenses_recent')

    op.drop_table('phoneshop_expenses')
    with op.batch_alter_table('phoneshop_drawers', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_drawers_status', sqlite_where=sa.text("status = 'OPEN'"), postgresql_where=sa.text("status = 'OPEN'"))
        batch_op.drop_index('uq_phoneshop_drawers_org_id_id')
        batch_op.drop_index('ix_phoneshop_drawers_recent')

    op.drop_table('phoneshop_drawers')
    with op.batch_alter_table('phoneshop_customers', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_customers_phone_number', sqlite_where=sa.text("phone_e164 IS NULL AND phone_number <> ''"), postgresql_where=sa.text("phone_e164 IS NULL AND phone_number <> ''"))
        batch_op.drop_index('uq_phoneshop_customers_phone_e164', sqlite_where=sa.text('phone_e164 IS NOT NULL'), postgresql_where=sa.text('phone_e164 IS NOT NULL'))
        batch_op.drop_index('uq_phoneshop_customers_org_id_id')
        batch_op.drop_index('ix_phoneshop_customers_recent')
        batch_op.drop_index('ix_phoneshop_customers_full_name_id', sqlite_where=None, postgresql_where=None)

    op.drop_table('phoneshop_customers')
    with op.batch_alter_table('phoneshop_blocked_devices', schema=None) as batch_op:
        batch_op.drop_index('uq_phoneshop_blocked_devices_org_id_id')
        batch_op.drop_index('uq_phoneshop_blocked_devices_imei', sqlite_where=None, postgresql_where=None)
        batch_op.drop_index('ix_phoneshop_blocked_devices_recent')

    op.drop_table('phoneshop_blocked_devices')
