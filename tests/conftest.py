"""What every test may ask for."""

import gc
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.running import Application, Clock, Copies, Place, Switchboard, opened, serving
from tests.servers import Postgres, private_postgres, quick_folder
from tradehall.kernel.database import postgres
from tradehall.kernel.trade import Trade

LONG = (
    "test_row_16_injection.py", "test_row_22_mass_assignment.py", "test_cli.py", "test_row_38_openapi.py", "test_keeping.py",
    "test_every_page.py", "test_administration.py", "test_shop_day.py", "test_laundry_day.py", "test_rental.py", "test_customer.py",
    "test_imports.py", "test_group_commit.py", "test_sending.py", "test_row_23_messages.py", "test_row_04_crash.py",
    "test_row_31_database_away.py", "test_processes.py", "test_exports.py", "test_row_06_money.py", "test_backup.py",
)  # fmt: skip
"""Files that take longest: they are begun first, so that nobody waits for one of them alone at the end."""
PATIENCE = 150

gc.set_threshold(50_000, 20, 100)
"""As a server has it. Looking at all objects again and again took a third of the time of the tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Give a test up that waits for what does not come, rather than wait with it."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"after {PATIENCE} seconds {item.name} still waits")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(0 if item.get_closest_marker("soak") else PATIENCE)
    try:
        return (yield)
    finally:
        signal.alarm(0)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(scope="session")
def private_server() -> Iterator[Postgres]:
    """The PostgreSQL of this session. A test that pulls its plug brings a server of its own."""
    with quick_folder(for_postgres=True) as data, private_postgres("fsync=off", data=data) as server:
        yield server


@pytest.fixture(scope="session")
def copies(request: pytest.FixtureRequest) -> Iterator[Copies]:
    """Where databases come from."""
    with quick_folder() as folder, closing(Copies(folder, lambda: request.getfixturevalue("private_server"))) as copies:
        yield copies


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, copies: Copies, trade: Trade) -> Iterator[str]:
    """A database of this test's own, on either kind: migrated, with two organisations and their people."""
    with copies.copy(request.param, trade) as url:
        yield url


@pytest.fixture(scope="session")
async def served() -> AsyncIterator[tuple[Switchboard, httpx2.AsyncClient]]:
    """The one server of this session."""
    async with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for PostgreSQL than a server does: what runs the tests may stand still for seconds.

    A test of how soon a server gives up overrides this.
    """
    for name in ("HANG_SECONDS", "CONNECT_SECONDS"):
        monkeypatch.setattr(postgres, name, 30)


@pytest.fixture
def clock() -> Clock:
    """The application's clock."""
    return Clock()


@pytest.fixture
def chosen() -> dict[str, str]:
    """The settings of the installation that a file of tests needs besides those of all."""
    return {}


@pytest.fixture
async def application(
    database_url: str, trade: Trade, clock: Clock, served: tuple[Switchboard, httpx2.AsyncClient], tmp_path: Path,
    chosen: dict[str, str],
) -> AsyncIterator[Application]:  # fmt: skip
    """The trade of this folder, running; each folder's conftest names it in a fixture `trade`."""
    async with opened(database_url, trade, clock, served, tmp_path, **chosen) as application:
        yield application


@pytest.fixture
def shop(application: Application) -> Place:
    """An organisation with somebody in every role."""
    return application.places["accra"]


@pytest.fixture
def other(application: Application) -> Place:
    """Another organisation in the same database."""
    return application.places["kumasi"]
