"""An import of 100,000 customers: `python -m bench.imports` (from CSV and from a workbook, by the command and by a server).

Seconds from the beginning to the last row, those of them that its CPU was at work, and the largest memory: that of the
process, and with it that of the readers that it starts beside itself. On SQLite, and with `postgres` on PostgreSQL; with `--quick` a tenth of the rows.
"""

import csv
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import httpx2
import xlsxwriter
from tests.servers import Postgres, private_postgres

from bench import ours
from bench.contestants import first_answer, free_port, running, wait_for_line
from bench.rows import customer_rows

ROWS, MOST_SECONDS, MOST_MB = 100_000, 60.0, 300.0
TITLES = ("Full name", "Phone number", "E-mail")
FIELDS = ("full_name", "phone_number", "email")
FORMATS = ("csv", "xlsx")


@dataclass(frozen=True)
class Figures:
    """What an import took: seconds on the clock and of the CPU, MB of the process and of the largest of its readers."""

    seconds: float
    cpu: float
    own: float
    readers: float

    @property
    def is_enough(self) -> bool:
        """Whether it is within what was asked for."""
        return self.seconds < MOST_SECONDS and self.own + self.readers < MOST_MB


class Peak(Thread):
    """Watches how much memory a process, and each one that it starts, has had at the most."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self._process_id, self._ended = process_id, Event()
        self._began, self._before = time.perf_counter(), cpu_seconds(process_id)
        self.cpu = self.own = self.readers = 0.0

    def run(self) -> None:
        while not self._ended.wait(0.02):
            with suppress(OSError):  # it ended in between
                self.own = max(self.own, high_water_mb(self._process_id))
                self.cpu = max(self.cpu, cpu_seconds(self._process_id))
                self.readers = max([self.readers, *map(high_water_mb, self._readers())])

    def _readers(self) -> list[int]:
        """What it has started; a copy of itself that is about to become another program is none yet."""
        children = Path(f"/proc/{self._process_id}/task/{self._process_id}/children").read_text().split()
        itself = Path(f"/proc/{self._process_id}/cmdline").read_bytes()
        return [int(each) for each in children if Path(f"/proc/{each}/cmdline").read_bytes() != itself]

    def end(self) -> Figures:
        """All of it."""
        seconds = time.perf_counter() - self._began
        self._ended.set()
        self.join()
        return Figures(seconds, self.cpu - self._before, self.own, self.readers)


def high_water_mb(process_id: int) -> float:
    """The most memory that a process has had, in MB; nothing of one that has ended."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


def cpu_seconds(process_id: int) -> float:
    """How long a process and those that it started and that have ended were at work."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def written(folder: Path, rows: int) -> dict[str, Path]:
    """The same table as CSV and as a workbook."""
    found = {kind: folder / f"customers.{kind}" for kind in FORMATS}
    with (
        found["csv"].open("w", newline="") as text,
        xlsxwriter.Workbook(found["xlsx"], {"constant_memory": True}) as book,
    ):
        writer, sheet = csv.writer(text), book.add_worksheet()
        writer.writerow(TITLES)
        sheet.write_row(0, 0, TITLES)
        for number, row in enumerate(customer_rows(rows), 1):
            cells = [row[name] for name in FIELDS]
            writer.writerow(cells)
            sheet.write_row(number, 0, cells)
    return found


def by_command(where: str | Path, folder: Path, table: Path, password: str) -> Figures:
    """`tradehall import`, from its start to its end."""
    words = [ours.TRADEHALL, "import", "phoneshop", "customers", str(table), "--data", str(folder)]
    process = subprocess.Popen(
        words, env=os.environ | ours.environment(where, folder), stdout=subprocess.PIPE, text=True
    )
    peak = Peak(process.pid)
    peak.start()
    said, _ = process.communicate()
    found = peak.end()
    sys.stdout.write(f"  {said}")
    return found


def by_server(where: str | Path, folder: Path, table: Path, password: str) -> Figures:
    """An upload to a server that does nothing else, until it says that it is done."""
    port = free_port()
    with running(ours.serve_command(folder, port), ours.environment(where, folder), folder) as process:
        wait_for_line(process, folder / "output", "ready http://", folder / "errors")
        first_answer(process, port, "/ping", folder / "errors")
        url = f"http://127.0.0.1:{port}"
        signed = {"Authorization": f"Bearer {ours.sign_in(url, password)}"}
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # from here on the peak counts
        peak = Peak(process.pid)
        peak.start()
        with httpx2.Client(base_url=url, headers=signed, timeout=60) as client, table.open("rb") as content:
            sent = client.post("/api/imports", params={"type": "customers"}, files={"file": (table.name, content)})
            found = sent.raise_for_status().json()
            while found["status"] in ("checking", "running"):
                time.sleep(0.2)
                found = client.get(f"/api/imports/{found['id']}").raise_for_status().json()
        took = peak.end()
        print(f"  {found['status']}: {found['created']} added, {found['failed']} wrong")
        return took


@contextmanager
def shop(server: Postgres | None, name: str, password: str) -> Iterator[tuple[str | Path, Path]]:
    """An empty shop: where its rows are, and its folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        where: str | Path = server.database(name) if server is not None else place
        ours.create_user(where, place, password)
        yield where, place


WAYS = {"command": by_command, "server": by_server}


def main() -> int:
    """Measure, print, and say by the exit code whether it is enough."""
    password, rows = secrets.token_urlsafe(16), ROWS // (10 if "--quick" in sys.argv else 1)
    missed = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        private_postgres() if "postgres" in sys.argv else nullcontext() as server,
    ):
        tables = written(Path(folder), rows)
        for way, measured in WAYS.items():
            for kind, table in tables.items():
                with shop(server, f"{way}_{kind}", password) as (where, place):
                    took = measured(where, place, table, password)
                missed += not took.is_enough
                print(
                    f"{rows:,} customers, {kind:<4} by the {way:<7} {took.seconds:6.1f} s, {took.cpu:6.1f} s of the CPU,"
                    f" {took.own:6.1f} MB and {took.readers:6.1f} MB for its readers{'' if took.is_enough else '  MISSED'}"
                )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
