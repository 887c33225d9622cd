"""Each path of KY Wash's contract by its literal request."""

import base64
import io
from typing import Any

from PIL import Image

from tests.running import Application
from tests.trades.laundry.washing import AT, House, done, refused
from tradehall.kernel.office import utc_now

USER = {"id", "student_id", "phone_number", "created_at"}
MACHINE = {
    "id", "machine_id", "machine_type", "status", "current_category", "time_left_seconds", "current_user_id", "enabled",
    "total_cycles", "last_maintenance", "created_at", "updated_at", "ends_at", "server_time", "grace_until", "held_until",
    "offered_to_me", "confidence",
}  # fmt: skip


async def registered(application: Application, **more: Any) -> Any:
    given = {"student_id": "123456", "pin": "1234", "phone_number": "5551234567", "organisation": "accra"} | more
    application.http.cookies.clear()
    return await application.stranger.post(f"{AT}/auth/register", json=given)


async def test_a_resident_registers_signs_in_goes_on_and_signs_out(application: Application, house: House) -> None:
    house.clock.set(utc_now().isoformat())
    made = done(await registered(application))
    assert made.keys() == {"access_token", "refresh_token", "token_type", "user", "expires_in"}
    assert (made["token_type"], made["expires_in"], made["user"].keys() >= USER) == ("bearer", 86400, True)
    assert (made["user"]["student_id"], made["user"]["phone_number"]) == ("123456", "5551234567")
    assert refused(await registered(application)) == "Student ID already registered"
    for wrong in ({"student_id": "12345"}, {"pin": "123"}, {"phone_number": "12345"}):
        assert (await registered(application, **wrong)).status_code == 422
    ask = application.stranger
    signed = done(await ask.post(f"{AT}/auth/login", json={"student_id": "123456", "pin": "1234"}))
    assert signed.keys() == made.keys()
    wrong_pin = await ask.post(f"{AT}/auth/login", json={"student_id": "123456", "pin": "9999"})
    assert refused(wrong_pin, 401) == "Invalid credentials"
    again = done(await ask.post(f"{AT}/auth/refresh", json={"refresh_token": signed["refresh_token"]}))
    assert again.keys() == made.keys()
    assert again["refresh_token"] != signed["refresh_token"]
    for token in (again["access_token"], "nonsense"):  # an access token is none
        assert (
            refused(await ask.post(f"{AT}/auth/refresh", json={"refresh_token": token}), 401) == "Invalid refresh token"
        )
    me = {"Authorization": f"Bearer {again['access_token']}"}
    assert "message" in done(await ask.post(f"{AT}/auth/logout", headers=me))
    assert refused(await ask.get(f"{AT}/profile/me", headers=me), 401)
    assert refused(await ask.get(f"{AT}/machines/"), 401) == "Not authenticated"


async def test_r16_a_registration_may_wait_for_approval(application: Application, house: House) -> None:
    await house.place.prefer(registration_approval=True)
    waits = done(await registered(application, student_id="654321"), 202)
    assert waits["user"].keys() >= USER
    found = done(await house.admin.get(f"{AT}/registrations"))
    done(await house.admin.post(f"{AT}/registrations/{found[0]['user_id']}/approve"))
    done(await application.stranger.post(f"{AT}/auth/login", json={"student_id": "654321", "pin": "1234"}))


async def test_r16_an_administrator_gives_a_new_pin_by_a_link(application: Application, house: House) -> None:
    user_id = done(await registered(application))["user"]["id"]
    link = done(await house.admin.post(f"{AT}/admin/users/{user_id}/reset-pin"), 201)["link"]
    reset = {"token": link.rsplit("/", 1)[1], "pin": "9182"}
    done(await application.stranger.post(f"{AT}/auth/reset-password", json=reset))
    done(await application.stranger.post(f"{AT}/auth/login", json={"student_id": "123456", "pin": "9182"}))
    assert (await house.ama.post(f"{AT}/admin/users/{user_id}/reset-pin")).status_code == 403
    assert any(each["id"] == user_id for each in done(await house.admin.get(f"{AT}/admin/users")))


async def test_machines_are_listed_and_read_with_and_without_a_slash(house: House) -> None:
    for path in (f"{AT}/machines/", f"{AT}/machines"):
        found = done(await house.ama.get(path))
        assert found.keys() == {"washers", "dryers"}
        assert [len(found[name]) for name in ("washers", "dryers")] == [6, 6]
    assert found["washers"][0].keys() >= MACHINE
    assert (await house.machine(6, "dryer")).keys() >= MACHINE
    assert refused(await house.ama.get(f"{AT}/machines/oven/1")) == "Invalid machine type"
    for number in ("7", "0", "x", "1" * 40):
        assert refused(await house.ama.get(f"{AT}/machines/washer/{number}"), 404) == "Machine not found"


async def test_a_cycle_is_started_ended_and_cancelled_by_the_requests_of_the_contract(house: House) -> None:
    order = {"machine_id": 1, "machine_type": "washer", "category": "extra_5"}
    made = done(await house.ama.post(f"{AT}/machines/start", json=order))
    assert made.keys() >= {"success", "message", "machine", "time_left_seconds"}
    assert (made["machine"]["machine_id"], made["time_left_seconds"]) == (1, 2100)
    assert refused(await house.ben.post(f"{AT}/machines/start", json=order)) == "Machine is in_use"
    unknown = await house.ama.post(f"{AT}/machines/start", json=order | {"machine_id": 99})
    assert refused(unknown, 404) == "Machine not found"
    for wrong in ({"machine_type": "oven"}, {"category": "long"}, {"machine_id": "x"}):
        body = done(await house.ama.post(f"{AT}/machines/start", json=order | wrong), 422)
        assert (body["status_code"], isinstance(body["detail"], str), len(body["errors"])) == (422, True, 1)
    which = {"machine_id": 1, "machine_type": "washer"}
    assert done(await house.ama.post(f"{AT}/machines/end", json=which))["success"] is True
    done(await house.ama.post(f"{AT}/machines/collect", json=which))
    done(await house.ama.post(f"{AT}/machines/start", json=which))
    assert done(await house.ama.post(f"{AT}/machines/cancel", json=which))["machine"]["status"] == "available"


async def test_n8_a_command_from_a_bad_network_is_carried_out_once(house: House) -> None:
    order = {"machine_id": 1, "machine_type": "washer"}
    answers = [await house.ama.post(f"{AT}/machines/start", json=order, headers={"Idempotency-Key": "k"}) for _ in "ab"]
    assert [done(each)["success"] for each in answers] == [True, True]
    assert answers[1].headers["Idempotent-Replay"] == "true"


async def test_the_waitlist_is_joined_read_and_left(house: House) -> None:
    kind = {"machine_type": "dryer"}
    joined = done(await house.ama.post(f"{AT}/waitlist/join", json=kind))
    assert joined == {"success": True, "message": joined["message"], "position": 1}
    found = done(await house.ben.get(f"{AT}/waitlist/dryer"))
    assert (found["machine_type"], found["count"], len(found["items"])) == ("dryer", 1, 1)
    assert found["items"][0].keys() >= {"id", "user_id", "student_id", "machine_type", "position", "joined_at"}
    assert done(await house.ama.post(f"{AT}/waitlist/leave", json=kind))["success"] is True


def picture(kind: str = "PNG") -> str:
    """A small picture as base64."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, kind)
    return base64.b64encode(content.getvalue()).decode()


async def test_r11_three_reports_disable_a_machine_and_a_repair_is_told_to_who_reported(house: House) -> None:
    fault = {"machine_id": 2, "machine_type": "dryer", "description": "It smells of smoke"}
    made = done(await house.ama.post(f"{AT}/faults/report", json=fault))
    wanted = {"id", "machine_id", "user_id", "description", "photo_data", "created_at", "machine_type", "machine_pk"}
    assert (made.keys() >= wanted, made["machine_id"], made["photo_data"]) == (True, 2, None)
    for _ in range(2):
        done(await house.ama.post(f"{AT}/faults/report", json=fault))
    assert (
        refused(await house.ama.post(f"{AT}/faults/report", json=fault))
        == "One person reports at most 3 faults an hour"
    )
    found = done(await house.ben.get(f"{AT}/faults/dryer/2"))
    assert found == {"machine_id": 2, "machine_type": "dryer", "report_count": 3, "is_disabled": True}
    assert refused(await house.do(house.ben, "start", 2, "dryer")) == "Machine is disabled"
    counts = [len(done(await person.get(f"{AT}/faults/"))) for person in (house.ama, house.ben, house.admin)]
    assert counts == [3, 0, 3]
    assert await house.told(house.admin) == ["faults_reported"]
    done(await house.admin.post(f"{AT}/admin/machines/dryer/2/maintenance", json={"note": "New belt"}))
    machine = await house.machine(2, "dryer")
    assert (machine["status"], machine["enabled"], machine["last_maintenance"] is not None) == ("available", True, True)
    assert done(await house.ben.get(f"{AT}/faults/dryer/2"))["report_count"] == 0
    assert await house.told(house.ama) == ["fault_resolved"] * 3
    assert (
        refused(await house.ama.post(f"{AT}/faults/report", json=fault | {"machine_id": 9}), 404) == "Machine not found"
    )
    for words in ("abcd", "a" * 501):
        assert (await house.ama.post(f"{AT}/faults/report", json=fault | {"description": words})).status_code == 422
    assert refused(await house.ama.get(f"{AT}/faults/oven/2")) == "Invalid machine type"
    assert (await house.ama.post(f"{AT}/admin/machines/dryer/2/disable")).status_code == 403


async def test_r11_a_cycle_that_runs_goes_on_and_distinct_reporters_may_be_asked_for(house: House) -> None:
    await house.place.prefer(fault_reporters_distinct=True, fault_threshold=2)
    await house.started(house.cho, 2)
    fault = {"machine_id": 2, "machine_type": "washer", "description": "It leaks"}
    for person in (house.ama, house.ama, house.ben):
        assert (await house.machine(2))["enabled"] is True
        done(await person.post(f"{AT}/faults/report", json=fault))
    machine = await house.machine(2)
    assert (machine["enabled"], machine["status"]) == (False, "in_use")
    assert await house.told(house.cho) == ["machine_disabled"]
    await house.freed(house.cho, 2)
    assert (await house.machine(2))["status"] == "disabled"
    done(await house.admin.post(f"{AT}/admin/machines/washer/2/enable"))
    assert (await house.machine(2))["status"] == "available"


async def test_r11_an_offer_of_a_machine_that_breaks_goes_to_the_next_that_is_free(house: House) -> None:
    await house.started(house.cho, 2)
    done(await house.wait(house.ama))
    await house.freed(house.cho, 2)
    done(await house.admin.post(f"{AT}/admin/machines/washer/2/disable"))
    assert (await house.machine(1))["offered_to_me"] is True
    mine = done(await house.ama.get(f"{AT}/waitlist/washer"))["mine"]
    assert (mine["position"], mine["missed"]) == (1, 0)


async def test_r12_a_photo_is_seen_by_its_reporter_and_the_staff_alone(house: House) -> None:
    fault = {"machine_id": 1, "machine_type": "washer", "description": "It leaks", "photo_data": picture()}
    link = done(await house.ama.post(f"{AT}/faults/report", json=fault))["photo_data"]
    statuses = [(await person.get(link)).status_code for person in (house.ama, house.admin, house.ben)]
    assert statuses == [200, 200, 404]
    for wrong, status in ((picture("GIF"), 415), ("AAAA" * 1_800_000, 413), ("no base64", 422)):
        answer = await house.ama.post(f"{AT}/faults/report", json=fault | {"photo_data": wrong})
        assert answer.status_code == status, answer.text[:200]


async def test_n4_where_moved_clothes_are_is_seen_by_their_owner_and_the_staff_alone(house: House) -> None:
    await house.started(house.ama)
    await house.forward(seconds=2401)
    done(await house.do(house.ben, "collect", moved=True, place="On the table", photo=picture()))
    [told, *before] = done(await house.ama.get(f"{AT}/notifications"))["notifications"]
    assert (told["notification_type"], told["machine_type"], told["machine_id"]) == ("clothes_moved", "washer", 1)
    assert not any("photo" in each for each in before)
    people = (house.ama, house.admin, house.ben, house.cho, house.application.stranger)
    assert [(await person.get(told["photo"])).status_code for person in people] == [200, 200, 404, 404, 401]


async def test_activities_are_paged_and_those_of_a_person_are_theirs(house: House) -> None:
    await house.started(house.ama, 1)
    await house.started(house.ben, 2)
    found = done(await house.cho.get(f"{AT}/activities/", params={"limit": 1, "offset": 1}))
    assert (found["total"], len(found["activities"])) == (2, 1)
    line = {"id", "user_id", "activity_type", "machine_type", "machine_id", "details", "created_at"}
    assert found["activities"][0].keys() == line
    assert found["activities"][0]["user_id"] == house.ama.user_id
    mine = done(await house.ama.get(f"{AT}/activities/user/{house.ama.user_id}"))
    assert (mine["total"], mine["activities"][0]["activity_type"]) == (1, "machine_started")
    assert (await house.ben.get(f"{AT}/activities/user/{house.ama.user_id}")).status_code == 403
    assert done(await house.admin.get(f"{AT}/activities/user/{house.ama.user_id}"))["total"] == 1
    for params in ({"limit": 0}, {"limit": 101}, {"offset": -1}):
        assert (await house.ama.get(f"{AT}/activities/", params=params)).status_code == 422


async def test_r18_a_profile_is_read_and_its_number_changed(house: House) -> None:
    assert done(await house.ama.get(f"{AT}/profile/me")).keys() >= USER
    cases = {"5551234567": "+605551234567", "012-345 6789": "+60123456789", "011-1234 5678": "+601112345678"}
    for typed, called in cases.items():
        made = done(await house.ama.put(f"{AT}/profile/update", json={"phone_number": typed}))
        assert (made["success"], made["user"]["phone_number"], made["user"]["phone_e164"]) == (True, typed, called)
    for typed in ("123456789", "123456789012", ""):
        assert (await house.ama.put(f"{AT}/profile/update", json={"phone_number": typed})).status_code == 422


async def test_r19_notifications_are_read_and_deleted_by_whom_they_are_for(house: House) -> None:
    await house.started(house.ama)
    await house.forward(seconds=1800)
    found = done(await house.ama.get(f"{AT}/notifications/", params={"limit": 10, "offset": 0}))
    (note,) = found["notifications"]
    assert found["unread_count"] == 1
    assert note.keys() == {
        "id", "user_id", "notification_type", "title", "message", "is_read", "machine_type", "machine_id", "created_at"
    }  # fmt: skip
    path = f"{AT}/notifications/{note['id']}"
    for answer in (await house.ben.put(f"{path}/read"), await house.ben.delete(path)):
        assert refused(answer, 404) == "Notification not found"
    for _ in range(2):
        assert done(await house.ama.put(f"{path}/read"))["success"] is True
    assert done(await house.ama.get(f"{AT}/notifications/"))["unread_count"] == 0
    assert done(await house.ama.put(f"{AT}/notifications/read-all"))["success"] is True
    assert done(await house.ama.delete(path))["success"] is True
    assert refused(await house.ama.delete(path), 404) == "Notification not found"


async def test_who_wants_it_is_told_by_sms_and_some_minutes_before_the_end(house: House) -> None:
    await house.place.prefer(messages_to_residents=True)
    done(await house.ama.put(f"{AT}/profile/update", json={"phone_number": "012-345 6789"}))
    ways = {"channels": ["in_app", "sms"], "remind_before_min": 5}
    assert done(await house.ama.put(f"{AT}/profile/preferences", json=ways))["preferences"]["remind_before_min"] == 5
    await house.started(house.ama)
    await house.forward(seconds=1500)
    await house.forward(seconds=300)
    assert await house.told(house.ama) == ["cycle_ends_soon", "cycle_completed"]
    sent = done(await house.admin.get(f"{AT}/messages/log"))
    assert sorted(each["template"] for each in sent) == ["cycle_completed", "cycle_ends_soon"]
    assert {each["to"] for each in sent} == {"+60123456789"}
    assert (await house.ama.get(f"{AT}/messages/log")).status_code == 403


async def test_r15_what_nobody_has_looked_at_for_a_day_is_unknown_until_somebody_does(house: House) -> None:
    await house.place.prefer(release_hours=720)
    await house.started(house.ama)
    await house.forward(seconds=1800)
    look = f"{AT}/machines/washer/1/confirm"
    assert refused(await house.ben.post(look, json={"state": "free"})) == "Machine is completed"
    await house.forward(hours=24)
    assert (await house.machine())["confidence"] == "unknown"
    assert done(await house.ben.post(look, json={"state": "used"}))["machine"]["confidence"] == "person"
    await house.forward(hours=25)
    seen = done(await house.ben.post(look, json={"state": "free"}))["machine"]
    assert (seen["status"], seen["confidence"]) == ("available", "person")
    assert done(await house.ben.post(look, json={"state": "used"}))["machine"]["confidence"] == "unknown"


async def test_health_and_what_this_is(application: Application, house: House) -> None:
    health = done(await application.stranger.get("/api/health"))
    assert health.keys() == {"status", "timestamp", "version", "active_connections"}
    assert (health["status"], health["active_connections"]) == ("healthy", 0)
    for path in ("/", "/api"):
        assert done(await application.stranger.get(path))["websocket"] == "/api/ws"
    assert (await application.stranger.get("/api/docs")).status_code == 200
