"""Administration: the pages of whoever looks after a business, and of everybody's own account."""

from tradehall.kernel.errors import Missing
from tradehall.web.face.account import Account
from tradehall.web.face.attaching import Attaching
from tradehall.web.face.auditing import Auditing
from tradehall.web.face.caring import Caring
from tradehall.web.face.choosing import Choosing
from tradehall.web.face.commenting import Commenting
from tradehall.web.face.delivering import Delivering
from tradehall.web.face.errands import NO_PAGE, Parts
from tradehall.web.face.exporting import Exporting
from tradehall.web.face.finding import Finding
from tradehall.web.face.importing import Importing
from tradehall.web.face.pages import Entry, Page
from tradehall.web.face.people import People
from tradehall.web.face.visiting import Visit
from tradehall.web.face.wording import Wordings


class Administration(
    People,
    Account,
    Choosing,
    Wordings,
    Auditing,
    Caring,
    Delivering,
    Importing,
    Exporting,
    Attaching,
    Commenting,
    Finding,
):
    """What is no room of the trade, and needs pages of its own."""

    async def administer(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The page at these parts of an address below `/-`; raises Missing."""
        pages = {
            "people": self.people, "account": self.account, "settings": self.settings, "templates": self.wordings,
            "audit": self.audits, "backups": self.backups, "privacy": self.privacy, "deliveries": self.deliveries,
            "imports": self.imports, "files": self.filed, "comments": self.commented,
            "export": self.export, "exports-jobs": self.exports,
        }  # fmt: skip
        page = pages.get(parts[0])
        if page is None:
            raise Missing(NO_PAGE)
        return await page(visit, method, parts[1:])

    def administration(self, visit: Visit) -> list[Entry]:
        """The places of the administration: first what is no room."""
        group, words = visit.words("Administration"), visit.words
        wordings = self.templates().path.removeprefix(self.trade.prefix)
        places = (
            ("people", words("People"), "person", "/users"), ("settings", words("Settings"), "gear", "/settings"),
            ("templates", words("Templates"), "edit", wordings), ("audit", words("What happened"), "search", "/audit"),
            ("backups", words("Backups"), "download", "/backups"),
        )  # fmt: skip
        found = [(*each[:3], self.may(visit.actor, "GET", each[3])) for each in places]
        found.append(("privacy", words("Privacy"), "person", self.may(visit.actor, "POST", "/privacy/erase")))
        entries = [Entry(title, f"{visit.app}/-/{name}", icon, group) for name, title, icon, is_for in found if is_for]
        return [*entries, *super().administration(visit)]
