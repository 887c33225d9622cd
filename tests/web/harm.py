"""What whoever means harm writes and sends, and what a page is that takes none of it."""

import re

from tests.web.browsing import Seen

EVIL = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'", "</title><script>alert(1)</script>",
    "javascript:alert(1)", "<svg/onload=alert(1)>", "</script><b>", "&lt;b&gt;", "{{7*7}}", "{x.__init__}", "${7*7}",
    "{% for x in (1,2) %}y{% endfor %}", "%(name)s", "{name}",
)  # fmt: skip
OURS = re.compile(r"(/[\w.-]+)*/assets/[\w./-]+\.js\?v=\w+")
"""The address of a script of ours."""
FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "", "Sec-Fetch-Site": "none"}, {"Origin": "", "Sec-Fetch-Site": "same-site"},
)  # fmt: skip


def harmless(page: Seen) -> None:
    """See that what somebody wrote is text, wherever it stands."""
    for each in page.walk():
        assert not [name for name in each.given if name.startswith("on")], each.given
        for name in ("href", "src", "action", "formaction"):
            assert not each.given.get(name, "").strip().lower().startswith(("javascript:", "data:")), each.given
        if each.name == "script":
            assert each.inner == [] or each.given.get("type") == "application/json"
            assert "src" not in each.given or OURS.fullmatch(each.given["src"])
        assert each.name not in ("iframe", "object", "embed", "base")
        assert each.given.get("src") != "x"
