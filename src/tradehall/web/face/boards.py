"""Boards: rows as cards, by their state, moved by the verbs that their reader may use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing
from tradehall.kernel.reader import Reader
from tradehall.kernel.screens import Board
from tradehall.web.face.details import Details
from tradehall.web.face.fields import Drawing, Shown, choice_text, safe, shown_fields
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Deed, Room
from tradehall.web.face.visiting import Visit

CARDS = 30
MANY = 1000
"""So many are counted; of more it is said that there are more."""


@dataclass(frozen=True)
class Column:
    """A column of a board."""

    value: str
    title: str
    body: Markup
    count: int
    total: int

    @property
    def has_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.total >= MANY


class Boards(Details):
    """The boards of a trade."""

    async def board(self, visit: Visit, room: Room) -> Page:
        """The rows of a room as cards, by their state."""
        declared = next(
            (each for each in self.trade.screens if isinstance(each, Board) and each.record is room.record), None
        )
        if declared is None and not room.record.states:
            raise Missing("There is no such page")
        declared = declared or Board(room.record)

        def read(session: Session) -> list[Column]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            drawing, board = self.drawing(visit, reader), declared or Board(room.record)
            is_state = bool(room.record.states) and board.column == room.record.states[0].name
            counted = dict(self._by_state(reader, room)) if is_state else {}
            kind: Any = room.record.fields[board.column].kind
            values = [str(each) for each in kind.values if str(each) not in board.until]
            return [self._column(visit, reader, room, board, drawing, value, counted) for value in values]

        columns = await self.office.database.read(visit.actor.org_id, read)
        title = visit.words(declared.title or room.title)
        return Page("face/board.html", {"title": title, "room": room, "columns": columns})

    def _column(
        self,
        visit: Visit,
        reader: Reader,
        room: Room,
        board: Board,
        drawing: Drawing,
        value: str,
        counted: Mapping[str, int],
    ) -> Column:
        seen = room.resource.shape.view(visit.actor).names
        names = [name for name in dict.fromkeys(("id", *room.record.known_as, *board.shows)) if name in seen]
        shown = shown_fields(room.record, [name for name in board.shows if name in names], {}, visit.words)
        rows = self.rows_with(reader, room, names, board.column, value, CARDS)
        drawing.look_up(reader, shown, rows)
        body = self._cards(visit, room, drawing, shown, rows, self._moves(visit, room, value))
        total = counted.get(value, len(rows))
        return Column(value, choice_text(visit.words, value), body, len(rows), total)

    def _cards(
        self, visit: Visit, room: Room, drawing: Drawing, shown: Sequence[Shown], rows: Sequence[Mapping[str, Any]],
        moves: Sequence[tuple[str, Deed]],
    ) -> Markup:  # fmt: skip
        """The cards of a column as they are sent: drawn as rows are, since there are many.

        The moves that their reader may make are the columns that they may be dragged to.
        """
        words, draggable = visit.words, ' draggable="true"' if moves else ""
        offered = [(safe(goal), deed.name, safe(words(deed.help)), safe(words(deed.title))) for goal, deed in moves]
        drawn = [(safe(each.title), each.name, drawing.column(each, rows)) for each in shown]
        found: list[str] = []
        for place, row in enumerate(rows):
            at, title = f"{visit.app}/{room.name}/{row['id']}", safe(self.label(room, row, words))
            goals = [f' data-to-{n}="{goal}|{at}/do/{name}"' for n, (goal, name, _, _) in enumerate(offered, 1)]
            lines = [
                f"<div><dt>{said}</dt><dd>{texts[place]}</dd></div>"
                for said, name, texts in drawn
                if row.get(name) not in (None, "")
            ]
            buttons = [
                f'<a class="btn btn-sm" href="{at}/do/{name}" data-dialog title="{help_}">{said}</a>'
                for _, name, help_, said in offered
            ]
            found.append(
                f'<article class="card board-card" data-row="{room.record.plural}:{row["id"]}"{draggable}{"".join(goals)}>'
                f'<h3><a href="{at}">{title}</a></h3>'
                + (f"<dl>{''.join(lines)}</dl>" if lines else "")
                + (f'<p class="board-moves">{"".join(buttons)}</p>' if buttons else "")
                + "</article>"
            )
        return Markup("".join(found))  # noqa: S704 - cells escape

    def _moves(self, visit: Visit, room: Room, value: str) -> list[tuple[str, Deed]]:
        """Where a card in this state may go, by which verb."""
        return [
            (str(each.verb.goal), each)
            for each in room.deeds
            if each.verb.goal is not None
            and value in [str(one) for one in each.verb.sources]
            and each.is_for(visit.actor)
        ]

    def _by_state(self, reader: Reader, room: Room) -> Iterator[tuple[str, int]]:
        """How many rows are in each state, as far as that is counted: at most MANY."""
        state = room.record.states[0]
        for value in state.moves:
            if count := self.count_with(reader, room, state.name, value, MANY):
                yield str(value), count
