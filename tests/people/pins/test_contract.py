"""What a trade declares of its sign-in is what its clients find: numbers and PINs, as KY Wash's clients send them."""

import httpx2
import sqlalchemy as sa

from tests.running import PASSWORD, Application, Place
from tradehall.kernel.people import verify_password
from tradehall.kernel.people.tables import SECRETS
from tradehall.trades import phoneshop

AT = "/api/auth"
PINS = sa.select(SECRETS).where(SECRETS.c.trade != "")


async def post(application: Application, path: str, **body: str) -> httpx2.Response:
    return await application.stranger.post(f"{AT}/{path}", json=body)


async def test_a_number_and_a_pin_register_and_sign_in(application: Application, shop: Place) -> None:
    given = {"student_id": "123456", "pin": "4711", "organisation": "accra"}
    made = await post(application, "register", **given, role="owner", full_name="Ama")
    assert (made.status_code, made.json()["expires_in"], made.json()["token_type"]) == (200, 86400, "bearer")
    user = made.json()["user"]
    assert (user["student_id"], user["role"], user["organisation_id"]) == ("123456", "clerk", shop.org_id)  # P-17
    again = await post(application, "register", **given)
    assert (again.status_code, again.json()["detail"]) == (400, "Student ID already registered")
    for wrong in ({"student_id": "12345"}, {"pin": "47112"}, {"pin": "abcd"}, {"organisation": "nowhere"}):
        assert (await post(application, "register", **given | wrong)).status_code == 422
    assert (await post(application, "login", student_id="123456", pin="4711")).status_code == 200
    for name in ("123456", "999999"):
        refused = await post(application, "login", student_id=name, pin="0000")
        assert (refused.status_code, refused.json()["detail"]) == (401, "Invalid credentials")


async def test_a_pin_opens_nothing_but_its_own_trade_and_is_no_password(application: Application, shop: Place) -> None:
    await post(application, "register", student_id="123456", pin="4711", organisation="accra")
    for body in ({"username": "123456", "password": "4711"}, {"username": "123456", "password": PASSWORD}):
        assert (await post(application, "login-json", **body)).status_code == 401
    (stored,) = await shop.read(lambda db: db.execute(PINS).all())
    assert stored.trade == phoneshop.trade.name
    assert not verify_password("4711", stored.hash)[0]  # without the installation's secret a leaked hash says nothing


async def test_the_staff_signs_in_with_a_username_and_a_password(application: Application, shop: Place) -> None:
    made = await shop.owner.post("/api/users", json={"username": "esi", "password": PASSWORD, "role": "manager"})
    assert made.status_code == 201, made.text
    granted = await post(application, "login-json", username="esi", password=PASSWORD)
    assert granted.json()["user"]["role"] == "manager"
    me = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    changed = {"current_password": PASSWORD, "new_password": "quite another one"}
    assert (await application.stranger.post(f"{AT}/change-password", json=changed, headers=me)).status_code == 200


async def test_a_pin_is_changed_and_ends_every_session(application: Application, shop: Place) -> None:
    made = (await post(application, "register", student_id="123456", pin="4711", organisation="accra")).json()
    me = {"Authorization": f"Bearer {made['access_token']}"}
    changed = {"current_pin": "4711", "new_pin": "1174"}
    assert (await application.stranger.post(f"{AT}/change-pin", json=changed, headers=me)).status_code == 200
    assert (await application.stranger.get(f"{AT}/me", headers=me)).status_code == 401
    assert (await post(application, "refresh", refresh_token=made["refresh_token"])).status_code == 401
    assert (await post(application, "login", student_id="123456", pin="1174")).status_code == 200
