"""Administration: the pages of whoever looks after a business, and of everybody's own account."""

from collections.abc import Sequence

from tradehall.kernel.errors import Missing
from tradehall.web.face.account import Account
from tradehall.web.face.errands import NO_PAGE, Parts
from tradehall.web.face.finding import Finding
from tradehall.web.face.pages import Entry, Page
from tradehall.web.face.people import People
from tradehall.web.face.visiting import Visit


class Administration(People, Account, Finding):
    """What is no room of the trade, and needs pages of its own."""

    async def administer(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The page at these parts of an address below `/-`; raises Missing."""
        match parts:
            case ["people", *rest]:
                return await self.people(visit, method, rest)
            case ["account", *rest]:
                return await self.account(visit, method, rest)
        raise Missing(NO_PAGE)

    def administration(self, visit: Visit, here: Sequence[str]) -> list[Entry]:
        """The places of the administration: first what is no room."""
        group, words = visit.words("Administration"), visit.words
        places = (("people", words("People"), "person", "/users"),)
        found = [
            Entry(title, f"{visit.app}/-/{name}", icon, list(here[:2]) == ["-", name], group)
            for name, title, icon, path in places
            if self.may(visit.actor, "GET", path)
        ]
        return [*found, *super().administration(visit, here)]
