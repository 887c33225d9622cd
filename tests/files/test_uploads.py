"""What is taken in, and in which form it comes out (P-25, row 19)."""

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.files.samples import (
    CANARY,
    from_a_phone,
    kept,
    picture,
    pixel_bomb,
    send,
    sent,
    stored,
    tar_bomb,
    workbook,
    zip_bomb,
)
from tests.running import Application, Person, Place
from tradehall.kernel.cabinet import MEGABYTE, SHEET, cleaned, decoded
from tradehall.kernel.errors import Invalid, TooLarge
from tradehall.kernel.files import File, attach
from tradehall.kernel.records import find

TAKEN = [
    ("a.png", picture(), "image/png"),
    ("a.jpg", picture("JPEG"), "image/jpeg"),
    ("a.webp", picture("WEBP"), "image/webp"),
    ("a.gif", picture("GIF"), "image/gif"),
    ("a.pdf", b"%PDF-1.7\n%%EOF", "application/pdf"),
    ("a.csv", "name;price\nKöfi;1\n".encode(), "text/csv"),
    ("a.txt", "Akwaaba\n".encode("utf-8-sig"), "text/plain"),
    ("a.xlsx", workbook(), SHEET),
    ("a.glb", b"glTF\x02\x00\x00\x00\x0c\x00\x00\x00", "model/gltf-binary"),
]
REFUSED = [
    ("svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415),
    ("html", b"\xef\xbb\xbf \n<!doctype html><script>alert(1)</script>", 415),
    ("program", b"\x7fELF\x02\x01\x01" + bytes(100), 415),
    ("tar bomb", tar_bomb(), 415),
    ("empty picture", b"\x89PNG\r\n\x1a\n", 422),
    ("half a picture", picture(size=(200, 200))[:150], 422),
    ("pixel bomb", pixel_bomb(), 422),
    ("zip bomb", zip_bomb(), 422),
    ("an archive that is no workbook", workbook().replace(b"xl/workbook.xml", b"xl/workbooc.xml"), 422),
    ("macros", workbook(**{"xl/vbaProject.bin": b"x"}), 422),
]


@pytest.mark.parametrize(("name", "content", "kind"), TAKEN, ids=[each[2] for each in TAKEN])
async def test_a_file_is_taken_by_its_content_and_comes_out_again(
    name: str, content: bytes, kind: str, shop: Place
) -> None:
    made = await sent(shop.keeper, content, name)
    assert (made["type"], made["name"]) == (kind, name)
    answer = await shop.keeper.get(f"/api/files/{made['id']}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == kind
    assert len(answer.content) == made["size"] == int(answer.headers["content-length"])
    assert kind.startswith("image/") or answer.content == content
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["content-disposition"].startswith("inline" if kind.startswith("image/") else "attachment")
    assert await shop.news() == [f"file.upload: add kernel_files {made['id']}"]


@pytest.mark.parametrize(("content", "status"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
async def test_row_19_what_is_not_accepted_leaves_nothing_behind(
    content: bytes, status: int, shop: Place, application: Application
) -> None:
    answer = await send(shop.keeper, content, "harmless.png")
    assert answer.status_code == status, answer.text
    assert answer.json()["request_id"]
    assert await stored(application, shop.org_id) == []
    assert await shop.news() == []


async def test_a_photo_loses_where_it_was_taken_and_stands_upright(shop: Place, tmp_path: Path) -> None:
    original = from_a_phone()
    assert CANARY.encode() in original
    made = await sent(shop.keeper, original, "photo.jpg")
    content = (await shop.keeper.get(f"/api/files/{made['id']}")).content
    found = Image.open(io.BytesIO(content))
    assert found.size == (200, 400)
    assert dict(found.getexif()) == {}
    assert CANARY.encode() not in content
    assert CANARY.encode() not in b"".join((tmp_path / each).read_bytes() for each in kept(tmp_path))
    upper, lower = (found.convert("RGB").getpixel((100, height)) for height in (50, 350))
    assert isinstance(upper, tuple)
    assert isinstance(lower, tuple)
    assert (upper[0] > 200, lower[2] > 200) == (True, True)


async def test_a_picture_comes_in_the_sizes_that_there_are(shop: Place, application: Application) -> None:
    made = await sent(shop.keeper, picture(size=(800, 400)))
    for _ in range(2):
        answer = await shop.keeper.get(f"/api/files/{made['id']}?size=256")
        assert answer.status_code == 200, answer.text
        assert Image.open(io.BytesIO(answer.content)).size == (256, 128)
    assert len(await stored(application, shop.org_id)) == 2
    assert (await shop.keeper.get(f"/api/files/{made['id']}?size=257")).status_code == 422
    text = await sent(shop.keeper, b"hello", "a.txt")
    assert (await shop.keeper.get(f"/api/files/{text['id']}?size=256")).status_code == 422


NAMES = [
    ("../../../etc/passwd", "passwd.png"), ("..\\..\\boot.ini", "boot.ini.png"), ("/etc/shadow", "shadow.png"),
    ("a\x00b\r\nSet-Cookie: x.png", "abSet-Cookie x.png"), ("evil.svg", "evil.svg.png"), ("..", "file.png"), ("", "file.png"),
    ("\u202egnp.exe", "gnp.exe.png"), ("N" * 300 + ".PNG", "N" * 116 + ".PNG"), ("  Amas   Foto.png ", "Amas Foto.png"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wanted"), NAMES)
def test_a_name_is_only_shown_and_has_the_ending_of_its_type(name: str, wanted: str) -> None:
    assert cleaned(name, "image/png") == wanted


async def test_row_19_no_name_leads_outside_the_folder(shop: Place, tmp_path: Path) -> None:
    before = kept(tmp_path.parent)
    for name in ("../../escaped.png", "/tmp/escaped.png", "..%2f..%2fescaped.png", "a/../../escaped.png"):
        await sent(shop.keeper, picture(), name)
    new = set(kept(tmp_path.parent)) - set(before)
    assert len(new) == 4
    assert {path.parts[1:3] for path in new} == {("files", str(shop.org_id))}


async def test_what_is_too_large_is_refused_however_it_is_announced(shop: Place, application: Application) -> None:
    application.office.files.allowance = replace(application.office.files.allowance, largest=MEGABYTE)
    content = b"x" * (MEGABYTE + 1)
    assert (await send(shop.keeper, content, "a.txt")).status_code == 413

    async def pieces() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        for _ in range(64):
            yield b"x" * 65536
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert (await shop.keeper.post("/api/files", content=pieces(), headers=headers)).status_code == 413
    assert await stored(application, shop.org_id) == []


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-type": "application/json"}, b"{}", 415),
        ({"content-type": "multipart/form-data"}, b"", 422),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--\r\n", 422),
        ({"content-type": "multipart/form-data; boundary=x"}, b"nonsense", 422),
    ],
)
async def test_a_malformed_upload_is_refused(headers: dict[str, str], content: bytes, status: int, shop: Place) -> None:
    answer = await shop.keeper.post("/api/files", content=content, headers=headers)
    assert answer.status_code == status, answer.text


async def test_an_organisation_keeps_no_more_than_its_quota(
    shop: Place, other: Place, application: Application
) -> None:
    application.office.files.allowance = replace(application.office.files.allowance, quota=25)
    await sent(shop.keeper, b"x" * 20, "a.txt")
    answer = await send(shop.keeper, b"x" * 20, "b.txt")
    assert (answer.status_code, answer.json()["code"]) == (409, "quota_reached")
    assert len(await stored(application, shop.org_id)) == 1
    await sent(other.keeper, b"x" * 20, "a.txt")


async def test_an_upload_that_comes_twice_under_its_key_is_one_file(shop: Place, application: Application) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = [await send(shop.keeper, b"hello", "a.txt", headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Idempotent-Replay"] == "true"
    assert (await send(shop.keeper, b"bye", "a.txt", headers=key)).status_code == 422
    assert len(await stored(application, shop.org_id)) == 1


async def test_a_dry_run_keeps_nothing(shop: Place, application: Application) -> None:
    answer = await send(shop.keeper, b"hello", "a.txt", params={"dry_run": "1"})
    assert answer.json()["dry_run"] is True
    assert await stored(application, shop.org_id) == []
    assert await shop.news() == []


async def test_nobody_uploads_without_signing_in(application: Application) -> None:
    assert (await send(application.stranger, picture())).status_code == 401


@pytest.mark.parametrize("text", ["", "data:image/png;base64,", "data:text/plain;charset=utf-8;base64,"])
def test_base64_is_decoded_with_or_without_its_data_url(text: str) -> None:
    assert decoded(text + base64.b64encode(b"hello").decode(), 5).read() == b"hello"


def test_base64_is_measured_before_it_is_decoded() -> None:
    with pytest.raises(TooLarge):
        decoded("!" * 4000, 2000)
    with pytest.raises(Invalid):
        decoded("no base64!", 2000)


async def test_a_rule_keeps_a_photo_that_came_in_its_request(shop: Place, application: Application) -> None:
    arrived = await application.office.files.take_in(shop.org_id, io.BytesIO(picture()), "")
    from_rule = await shop.work(lambda ctx: attach(ctx, arrived).id)
    rows = await shop.work(lambda ctx: [row.name for row in ctx.all(find(File, File.id == from_rule))])
    assert rows == ["file.png"]


async def test_one_person_uploads_for_another_organisation_never(shop: Place, other: Place) -> None:
    made = await sent(shop.keeper, picture())
    people: list[Person] = [other.keeper, other.head, other.owner]
    answers = [await person.get(f"/api/files/{made['id']}") for person in people]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
