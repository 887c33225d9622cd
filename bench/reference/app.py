"""Models and routes of the reference: library defaults throughout, nothing slowed, nothing tuned."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, ForeignKey, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"])
SessionLocal = sessionmaker(bind=engine)
signing_key = OctKey.import_key(os.environ["SECRET_KEY"])
claims_registry = jwt.JWTClaimsRegistry(exp={"essential": True}, sub={"essential": True})


def utc_now() -> datetime:
    """The time of a new row."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """The tables of the shop."""


class Customer(Base):
    """Somebody who buys, swaps or has a phone repaired."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(String(100))
    phone_number: Mapped[str] = mapped_column(String(20), unique=True, index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=utc_now)


class Phone(Base):
    """A phone in stock, or one that was."""

    __tablename__ = "phones"
    id: Mapped[int] = mapped_column(primary_key=True)
    brand: Mapped[str] = mapped_column(String(50))
    model: Mapped[str] = mapped_column(String(100))
    condition: Mapped[str] = mapped_column(String(20))
    value: Mapped[float]
    is_available: Mapped[bool] = mapped_column(default=True, index=True)
    swapped_from_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=utc_now)


class Sale(Base):
    """A phone sold to a customer."""

    __tablename__ = "sales"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    phone_id: Mapped[int] = mapped_column(ForeignKey("phones.id"), index=True)
    original_price: Mapped[float]
    discount_amount: Mapped[float]
    amount_paid: Mapped[float]
    invoice_number: Mapped[str] = mapped_column(String(40), unique=True, index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=utc_now)


class Swap(Base):
    """A phone given for another, with the balance in cash."""

    __tablename__ = "swaps"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    given_phone_description: Mapped[str] = mapped_column(String(200))
    given_phone_value: Mapped[float]
    new_phone_id: Mapped[int] = mapped_column(ForeignKey("phones.id"), index=True)
    balance_paid: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=utc_now)


class Repair(Base):
    """A customer's phone on the bench."""

    __tablename__ = "repairs"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    phone_description: Mapped[str] = mapped_column(String(200))
    issue_description: Mapped[str] = mapped_column(String(500))
    cost: Mapped[float]
    status: Mapped[str] = mapped_column(String(20), index=True)
    delivery_notified: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=utc_now)


class CustomerOut(BaseModel):
    """A customer as the API shows it."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    full_name: str
    phone_number: str
    email: str | None
    created_at: datetime


class SaleIn(BaseModel):
    """What a till sends."""

    customer_id: int = Field(gt=0)
    phone_id: int = Field(gt=0)
    amount_paid: float = Field(gt=0)


class SaleOut(BaseModel):
    """A sale as the API shows it."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    customer_id: int
    phone_id: int
    original_price: float
    discount_amount: float
    amount_paid: float
    invoice_number: str
    created_at: datetime


class SwapIn(BaseModel):
    """A phone given for a phone of the shop."""

    customer_id: int = Field(gt=0)
    given_phone_description: str = Field(min_length=1, max_length=200)
    given_phone_value: float = Field(ge=0)
    new_phone_id: int = Field(gt=0)
    balance_paid: float = Field(0, ge=0)


class SwapOut(BaseModel):
    """A swap as the API shows it."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    customer_id: int
    given_phone_description: str
    given_phone_value: float
    new_phone_id: int
    balance_paid: float
    created_at: datetime


class RepairIn(BaseModel):
    """A phone that is brought to be mended."""

    customer_id: int = Field(gt=0)
    phone_description: str = Field(min_length=1, max_length=200)
    issue_description: str = Field(min_length=1, max_length=500)
    cost: float = Field(gt=0)


class RepairOut(BaseModel):
    """A repair as the API shows it."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    customer_id: int
    phone_description: str
    issue_description: str
    cost: float
    status: str
    delivery_notified: bool
    created_at: datetime
    updated_at: datetime


class Totals(BaseModel):
    """How many of each there are."""

    customers: int
    repairs: int
    sales: int
    swaps: int
    phones_in_inventory: int
    available_phones: int


class Revenue(BaseModel):
    """Money taken, by source."""

    total: float
    from_repairs: float
    from_sales: float
    from_swaps: float


class RepairStatus(BaseModel):
    """How many repairs stand where."""

    pending: int
    in_progress: int
    completed: int
    delivered: int


class RecentRepair(BaseModel):
    """One of the newest repairs."""

    id: int
    phone: str
    issue: str
    status: str
    cost: float
    created_at: datetime


class Overview(BaseModel):
    """The shop at a glance."""

    totals: Totals
    revenue: Revenue
    repair_status: RepairStatus
    recent_repairs: list[RecentRepair]


def get_db() -> Iterator[Session]:
    """Open a session for the request and close it afterwards."""
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


async def signed_in(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> str:
    """Check the bearer token; asynchronous, so that it costs no thread."""
    try:
        token = jwt.decode(credentials.credentials, signing_key, algorithms=["HS256"])
        claims_registry.validate(token.claims)
    except (JoseError, ValueError) as error:
        raise HTTPException(401, "Could not validate credentials") from error
    return str(token.claims["sub"])


Database = Annotated[Session, Depends(get_db)]
SignedIn = Annotated[str, Depends(signed_in)]
app = FastAPI(title="Reference phone shop")


@app.get("/bare")
async def bare() -> dict[str, str]:
    """Answer without a database or a token: what the framework alone can do."""
    return {"status": "ok"}


@app.get("/api/customers/{customer_id}", response_model=CustomerOut)
def read_customer(customer_id: int, db: Database, user: SignedIn) -> Customer:
    """Show one customer."""
    customer = db.get(Customer, customer_id)
    if customer is None:
        raise HTTPException(404, "Customer not found")
    return customer


@app.get("/api/sales/", response_model=list[SaleOut])
def list_sales(
    db: Database,
    user: SignedIn,
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Sequence[Sale]:
    """List the sales, newest first."""
    return db.scalars(select(Sale).order_by(Sale.id.desc()).offset(skip).limit(limit)).all()


@app.post("/api/sales/", response_model=SaleOut, status_code=201)
def create_sale(order: SaleIn, db: Database, user: SignedIn) -> Sale:
    """Sell an available phone."""
    if db.get(Customer, order.customer_id) is None:
        raise HTTPException(404, "Customer not found")
    phone = db.get(Phone, order.phone_id)
    if phone is None:
        raise HTTPException(404, "Phone not found")
    if not phone.is_available:
        raise HTTPException(400, "Phone is not available for sale")
    sale = Sale(
        **order.model_dump(),
        original_price=phone.value,
        discount_amount=max(0.0, phone.value - order.amount_paid),
        invoice_number=f"INV-{uuid4().hex[:12].upper()}",
    )
    db.add(sale)
    phone.is_available = False
    db.commit()
    db.refresh(sale)
    return sale


@app.post("/api/swaps/", response_model=SwapOut, status_code=201)
def create_swap(order: SwapIn, db: Database, user: SignedIn) -> Swap:
    """Swap an available phone for another, which becomes stock."""
    if db.get(Customer, order.customer_id) is None:
        raise HTTPException(404, "Customer not found")
    phone = db.get(Phone, order.new_phone_id)
    if phone is None:
        raise HTTPException(404, "New phone not found")
    if not phone.is_available:
        raise HTTPException(400, "New phone is not available for swap")
    if order.given_phone_value + order.balance_paid < 0.5 * phone.value:
        raise HTTPException(400, "The phone given and the balance come to less than 50 % of the price")
    swap = Swap(**order.model_dump())
    taken = Phone(
        brand="Unknown",
        model=order.given_phone_description[:100],
        condition="Used",
        value=order.given_phone_value,
        is_available=False,
    )
    db.add_all([swap, taken])
    phone.is_available = False
    db.commit()
    db.refresh(swap)
    return swap


@app.post("/api/repairs/", response_model=RepairOut, status_code=201)
def create_repair(order: RepairIn, db: Database, user: SignedIn) -> Repair:
    """Take a phone in to be mended."""
    if db.get(Customer, order.customer_id) is None:
        raise HTTPException(404, "Customer not found")
    repair = Repair(**order.model_dump(), status="Pending")
    db.add(repair)
    db.commit()
    db.refresh(repair)
    return repair


def revenue(db: Session) -> Revenue:
    """Add up the money by source."""
    earned = Repair.status.in_(("Completed", "Delivered"))
    repairs = db.scalar(select(func.coalesce(func.sum(Repair.cost), 0.0)).where(earned)) or 0.0
    sales = db.scalar(select(func.coalesce(func.sum(Sale.amount_paid), 0.0))) or 0.0
    swaps = db.scalar(select(func.coalesce(func.sum(Swap.balance_paid), 0.0))) or 0.0
    total = repairs + sales + swaps
    return Revenue(total=total, from_repairs=repairs, from_sales=sales, from_swaps=swaps)


@app.get("/api/analytics/overview")
def overview(db: Database, user: SignedIn) -> Overview:
    """Show the shop at a glance, counted anew."""

    def count(model: type[Base]) -> int:
        return db.scalar(select(func.count()).select_from(model)) or 0

    available = select(func.count()).select_from(Phone).where(Phone.is_available)
    stands = dict(db.execute(select(Repair.status, func.count()).group_by(Repair.status)).all())
    recent = db.scalars(select(Repair).order_by(Repair.id.desc()).limit(5))
    return Overview(
        totals=Totals(
            customers=count(Customer),
            repairs=count(Repair),
            sales=count(Sale),
            swaps=count(Swap),
            phones_in_inventory=count(Phone),
            available_phones=db.scalar(available) or 0,
        ),
        revenue=revenue(db),
        repair_status=RepairStatus(
            pending=stands.get("Pending", 0),
            in_progress=stands.get("In Progress", 0),
            completed=stands.get("Completed", 0),
            delivered=stands.get("Delivered", 0),
        ),
        recent_repairs=[
            RecentRepair(
                id=repair.id,
                phone=repair.phone_description,
                issue=repair.issue_description,
                status=repair.status,
                cost=repair.cost,
                created_at=repair.created_at,
            )
            for repair in recent
        ],
    )
