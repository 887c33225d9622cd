"""The paths of SwapSync's contract."""

from sqlalchemy import ColumnElement

from tradehall.kernel.contracts import Contract, Info, Listing
from tradehall.kernel.resources import Filter, Resource
from tradehall.trades.phoneshop import (
    analytics,
    cash,
    checkout,
    counter,
    counts,
    devices,
    imports,
    inspection,
    lives,
    papers,
    payments,
    prices,
    profit,
    providers,
    purchases,
    refunds,
    reports,
    rules,
    swaps,
    till,
    workshop,
)  # fmt: skip
from tradehall.trades.phoneshop.models import Condition, Customer, Phone, PhoneStatus, Sale
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

REFUSALS = {"phone_taken": 400, "imei_invalid": 400, "imei_in_stock": 400, "not_for_sale": 400}


def only_available(wanted: bool) -> ColumnElement[bool] | None:
    """The condition of `?available_only=true`; `false` lists every phone."""
    return Phone.status == PhoneStatus.AVAILABLE if wanted else None


customers = Resource(
    Customer,
    columns=("id", "full_name", "phone_number", "phone_e164", "email", "unique_id", "created_at", "updated_at"),
    by=STAFF,
    create=rules.register,
    edit=rules.correct,
    delete=rules.remove,
    sort=("created_at", "full_name"),
    errors=REFUSALS,
    same=imports.same_customer,
    also=imports.CUSTOMER_TITLES,
)
phones = Resource(
    Phone,
    columns=(
        "id", "brand", "model", "condition", "value", "is_available", "swapped_from_id", "status", "imei", "imei2",
        "cost_price", "category_id", "brand_id", "specs", "acquired_via_swap_id", "created_at", "updated_at",
    ),
    detail=("grade", "hold_until"),
    table=("brand", "model", "condition", "imei", "value", "status", "created_at"),
    only={"cost_price": MANAGERS},
    by=STAFF,
    create=rules.stock,
    edit=rules.change,
    delete=rules.discard,
    filters=(Filter("available_only", bool, only_available), Filter("condition", Condition, lambda c: Phone.condition == c), "brand"),
    sort=("created_at", "value", "brand"),
    errors=REFUSALS,
    same=imports.same_phone,
    also=imports.PHONE_TITLES,
)  # fmt: skip
sales = Resource(
    Sale,
    columns=(
        "id", "customer_id", "phone_id", "amount_paid", "created_at", "original_price", "discount_amount",
        "invoice_number", "balance_due", "refunded_amount", "margin",
    ),
    detail=(
        "method", "method_reference", "tax_mode", "tax_amount", "checkout", "staff_id", "completed_at", "returned_at",
        "warranty_until", "claims_cost",
    ),
    only=dict.fromkeys(("margin", "claims_cost", "tax_amount"), MANAGERS),  # of the margin scheme the tax tells the cost
    by=STAFF,
    create=rules.sell,
    filters=("checkout",),
    sort=("created_at", "amount_paid"),
    errors=REFUSALS,
)  # fmt: skip

resources = (
    customers,
    phones,
    sales,
    *devices.resources,
    *inspection.resources,
    *counts.resources,
    *swaps.resources,
    *refunds.resources,
    *till.resources,
    *purchases.resources,
    *checkout.resources,
    *workshop.resources,
)
paths = (
    Contract("GET", "/", Info("What this is, and where its documentation is.", lambda facts: {
        "message": f"Welcome to the {facts['app_name']} API", "version": facts["app_version"],
        "docs": "/docs", "redoc": "/redoc", "openapi": "/openapi.json",
    })),
    Contract("GET", "/ping", Info("Whether the process lives, and what it is.", lambda facts: {
        "message": "pong", "app_name": facts["app_name"], "version": facts["app_version"], "status": "healthy",
    })),
    Contract("GET", "/health", Info("Whether the process lives.", lambda _: {"status": "ok", "service": "SwapSync API"})),
    Contract("PATCH", "/api/phones/{id}/availability", rules.offer, errors=REFUSALS),
    Contract("GET", "/api/sales/customer/{customer_id}", Listing(sales, parent="customer_id")),
    Contract("GET", "/api/analytics/overview", reports.overview),
    Contract("GET", "/api/analytics/dashboard-summary", reports.dashboard_summary),
    *papers.paths,
    *payments.paths,
    *swaps.paths,
    *refunds.paths,
    *providers.paths,
    *till.paths,
    *cash.paths,
    *counter.paths,
    *lives.paths,
    Contract("GET", "/api/analytics/weekly-stats", reports.weekly_stats),
    Contract("GET", "/api/analytics/monthly-stats", reports.monthly_stats),
    Contract("GET", "/api/analytics/customer-insights", analytics.customer_insights),
    Contract("GET", "/api/analytics/repair-statistics", analytics.repair_statistics),
    Contract("GET", "/api/analytics/swap-analytics", analytics.swap_analytics),
    Contract("GET", "/api/analytics/sales-analytics", analytics.sales_analytics),
    Contract("GET", "/api/analytics/inventory-report", analytics.inventory_report),
    Contract("GET", "/api/analytics/profit-loss", profit.profit_loss),
    *devices.paths,
    *inspection.paths,
    *counts.paths,
    *prices.paths,
    *workshop.paths,
)  # fmt: skip
