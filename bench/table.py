"""The printed table, and whether every target was met."""

from dataclasses import dataclass, field

HEADINGS = ("", "reference", "ours", "ratio", "target", "PocketBase 0.39 *", "")
WIDTHS = (32, 22, 22, 8, 22, 18, 8)


@dataclass
class Table:
    """Lines as they are found, and what was missed."""

    title: str
    judged: bool
    missed: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Print the title and the headings."""
        print(f"\n{self.title}")
        self.line(*HEADINGS)
        print("-" * (sum(WIDTHS) + len(WIDTHS) - 1))

    def line(self, *cells: str) -> None:
        """Print one line of the table."""
        print(" ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip(), flush=True)

    def row(
        self, name: str, theirs: str, mine: str, *, ratio: str = "", target: str = "", peer: str = "", met: bool
    ) -> None:
        """Print a judged row, and remember it if it was missed."""
        if not self.judged:
            self.line(name, theirs, "", "", target, peer, "")
            return
        self.line(name, theirs, mine, ratio, target, peer, "ok" if met else "MISSED")
        if not met:
            self.missed.append(f"{self.title}: {name}")

    def note(self, text: str) -> None:
        """Print a line under the row."""
        print(f"    {text}", flush=True)

    def fault(self, text: str) -> None:
        """Print and remember a wrong answer."""
        self.note(f"WRONG: {text}")
        self.missed.append(f"{self.title}: {text}")
