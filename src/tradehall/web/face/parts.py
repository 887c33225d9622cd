"""Parts of pages that are drawn once for what they are drawn from, and kept: what stands around a page changes seldom."""

from functools import lru_cache
from typing import Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from tradehall.kernel.trade import Trade
from tradehall.web.face.visiting import PLACE
from tradehall.web.face.words import Words


@pass_context
def part(context: Context, template: str, **values: Any) -> Markup:
    """A part of a page, drawn by a template that knows nothing but these values, the trade, its place and the language.

    It knows nobody, so what is kept of one person's page can't be seen on another's; the values have to be hashable.
    """
    given = tuple(values.items())
    return _drawn(context.environment, template, context["trade"], context["root"], context["language"], given)


@lru_cache(512)
def _drawn(
    draws: Environment, template: str, trade: Trade, root: str, language: str, given: tuple[tuple[str, Any], ...]
) -> Markup:
    known = {"trade": trade, "root": root, "app": f"{root}{PLACE}", "language": language}
    html = draws.get_template(template).render({**known, "_": Words(language, trade.words), **dict(given)})
    return Markup(html)  # noqa: S704 - templates escape
