"""Row 10: which role may ask for which operation is written down, and nothing is open that is not written there.

After a wanted change: `ROLES=write python -m pytest tests/reliability/test_row_10_roles.py`, and read the difference.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.inside import Inside
from tests.reliability.walk import NOWHERE, ROUTES, operations
from tests.reliability.walks import WALKS
from tests.running import Application, Place, Switchboard

MATRICES = {
    "phoneshop": Path(__file__).parent / "roles.txt",
    "laundry": Path(__file__).parents[1] / "trades/laundry/roles.txt",
}
"""Where it is written down; what every trade has is with the phone shop."""
OPEN = {
    "GET /", "GET /health", "GET /ping", "GET /api/settings/public", "POST /api/auth/login", "POST /api/auth/login-json",
    "POST /api/auth/refresh", "POST /api/auth/reset-password", "POST /api/auth/forgot-password", "POST /api/auth/verify-email",
    "POST /api/invitations/accept", "GET /api/auth/openid", "GET /api/auth/openid/{provider}/start",
    "GET /api/auth/openid/{provider}/callback", "POST /api/payments/webhook/{provider}",
    "GET /r/{token}", "POST /r/{token}/estimate", "POST /r/lookup", "POST /r/{token}/payments", "GET /r/{token}/receipt.pdf",
    "GET /p/{token}", "GET /p/{token}/passport.pdf",
    "GET /api", "GET /api/health", "POST /api/v1/auth/register", "POST /api/v1/auth/forgot-pin",
}  # fmt: skip
"""What anybody may ask, besides the pages of `web/`."""
WALK = {each.trade.name: each for each in WALKS}
each_trade = pytest.mark.parametrize("trade", [each.trade for each in WALKS], ids=WALK, indirect=True)


def paths(application: Application) -> dict[str, tuple[str, str]]:
    """Every operation with a method and a path that leads to it; no id in it exists."""
    ids = {"id": NOWHERE, "customer_id": NOWHERE, "secret": "none", "token": "none", "provider": "none"}
    walk = WALK[application.trade.name]
    found = {each.name: (each.contract.method, each.path(dict.fromkeys(each.path_records, NOWHERE)))
             for each in operations(walk)}  # fmt: skip
    for route in sorted(ROUTES if walk is WALKS[0] else ()):
        method, path = route.split()
        if method != "MOUNT":
            found[route] = (method, path.format(**ids))
    return found


async def answers(inside: Inside, method: str, path: str) -> str:
    """`yes` where the operation answers this person, whatever it says; who may not is refused before all else."""
    status = (await inside.ask(method, path)).status
    return {401: "401", 403: "no"}.get(status, "yes")


@each_trade
async def test_row_10_every_operation_answers_exactly_the_roles_that_are_written_down(
    application: Application, shop: Place, served: tuple[Switchboard, Any]
) -> None:
    matrix = MATRICES[application.trade.name]
    tokens = {"anybody": ""} | {role.name: shop.people[role.name].token for role in application.trade.roles}
    people = {name: Inside(served[0].serves, token) for name, token in tokens.items()}
    lines = [f"{'':48}{''.join(f'{name:>12}' for name in people)}"]
    for name, (method, path) in paths(application).items():
        found = [await answers(person, method, path) for person in people.values()]
        lines.append(f"{name:48}{''.join(f'{each:>12}' for each in found)}")
    text = "\n".join([lines[0], *sorted(lines[1:])]) + "\n"
    if os.environ.get("ROLES") == "write":
        matrix.write_text(text)
    assert text == matrix.read_text()


@each_trade
async def test_row_10_nobody_gets_anything_without_signing_in_but_what_is_open(application: Application) -> None:
    for each in operations(WALK[application.trade.name]):
        path = each.path(dict.fromkeys(each.path_records, NOWHERE))
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic b3duZXI6b3duZXI="}):
            answer = await application.stranger.ask(each.contract.method, path, headers=headers)
            assert (answer.status_code == 401) == (
                each.name not in OPEN and not each.name.endswith("/bulk-upload/template")
            ), each.name
            if answer.status_code == 401:
                assert answer.headers["WWW-Authenticate"] == "Bearer"


@each_trade
async def test_row_10_who_may_not_is_refused_before_the_body_is_looked_at_and_nothing_happens(
    application: Application, shop: Place
) -> None:
    await shop.events()
    refused = 0
    for each in operations(WALK[application.trade.name]):
        path = each.path(dict.fromkeys(each.path_records, NOWHERE))
        for role in application.trade.roles:
            if each.may(role, shop.org_id) and each.body is None and not each.path_records:
                continue  # nothing is wrong with it
            answer = await shop.people[role.name].ask(each.contract.method, path, content=b"{no json")
            assert answer.status_code != 500
            refused += answer.status_code == 403
    assert refused
    assert await shop.events() == []
