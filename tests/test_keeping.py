"""The commands that keep a business: real processes that back up what is being served, and bring it back (P-30)."""

import asyncio
import io
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from moto.server import ThreadedMotoServer

from tests.commands import PASSWORD, PROGRAM, done, refusal, run, serving
from tradehall.adapters.store import in_bucket, in_folder
from tradehall.kernel.calls import AsSystem
from tradehall.kernel.context import Context
from tradehall.kernel.database import open_database
from tradehall.kernel.files import File
from tradehall.kernel.keeping import Schedule, keep, status
from tradehall.kernel.office import utc_now
from tradehall.kernel.store import Store
from tradehall.trades import phoneshop

AMA = {"full_name": "Ama Owusu", "phone_number": "0241234567"}


def customers(http: httpx2.Client, token: str) -> list[str]:
    """Who is registered."""
    rows = http.get("/api/customers", headers={"Authorization": f"Bearer {token}"}).json()
    return [row["full_name"] for row in rows]


def test_p_30_a_shop_is_backed_up_while_it_sells_and_goes_on_elsewhere_with_the_same_sign_ins(tmp_path: Path) -> None:
    here, file = ("--data", "data"), "monday.backup"
    sealed = done(tmp_path, "backup-key", "ours.key").split("BACKUP_KEY=")[1].strip()
    (tmp_path / ".env").write_text(f"BACKUP_KEY={sealed}\n")
    person = ("user", "create", "ama", "--trade", "phoneshop", "--role", "owner", "--password-stdin")
    done(tmp_path, *person, *here, given=PASSWORD + "\n")
    with serving(tmp_path, "serve", "phoneshop", *here) as server:
        token = server.token("ama")
        made = server.http.post("/api/customers", json=AMA, headers={"Authorization": f"Bearer {token}"})
        assert made.status_code == 201
        assert done(tmp_path, "backup", file, *here).startswith("monday.backup: ")
        assert refusal(run(tmp_path, "backup", file, *here)) == "monday.backup is there already"
    assert b"Ama Owusu" not in (tmp_path / file).read_bytes()
    proved = done(tmp_path, "verify-backup", file, "--key", "ours.key")
    assert "phoneshop_customers: 1 rows\n" in proved
    assert "monday.backup can be restored" in proved
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / file).rename(elsewhere / file)
    restore = ("restore", file, "--data", "restored")
    assert refusal(run(elsewhere, *restore)) == "this backup is sealed: name the file of its private key with --key"
    assert list(elsewhere.iterdir()) == [elsewhere / file]
    unlocked = (*restore, "--key", str(tmp_path / "ours.key"))
    assert " rows and 0 uploads as they were at " in done(elsewhere, *unlocked)
    there = "restored/tradehall.db is there already, perhaps in use: restore into an empty folder"
    assert refusal(run(elsewhere, *unlocked)) == there
    with serving(elsewhere, "serve", "phoneshop", "--data", "restored") as server:
        assert customers(server.http, server.token("ama")) == ["Ama Owusu"]
        assert customers(server.http, token) == ["Ama Owusu"]  # the secret came along
    assert done(elsewhere, "doctor", "--data", "restored").endswith("everything is in order\n")


def test_p_30_what_can_t_be_restored_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(b"\xff\xd8\xff")
    for command in ("restore", "verify-backup"):
        assert refusal(run(tmp_path, command, "photo")) == "this is no backup of Tradehall"
        assert refusal(run(tmp_path, command, "nothing")) == "there is no file nothing"
    assert not (tmp_path / "data").exists()
    assert refusal(run(tmp_path, "backup", "a.backup")) == "there is nothing to back up: the database is empty"


def test_p_15_a_private_key_on_the_server_is_refused(tmp_path: Path) -> None:
    done(tmp_path, "backup-key", "ours.key")
    private = (tmp_path / "ours.key").read_text().strip()
    refused = run(tmp_path, "serve", "phoneshop", BACKUP_KEY=private)
    assert refusal(refused).startswith("BACKUP_KEY is not the public key that tradehall backup-key prints")


@pytest.fixture
def bucket() -> Iterator[str]:
    """The address of an S3 server with a bucket `away`."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    assert httpx2.put(f"http://{host}:{port}/away", trust_env=False).status_code == 200
    yield f"http://{host}:{port}"
    server.stop()


AWS = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def stored(bucket: str, folder: str) -> Store:
    """A folder of the bucket `away`."""
    return in_bucket(f"s3://away/{folder}", endpoint=bucket, region="us-east-1", key="key", secret="secret")


def there(store: Store, folder: str) -> dict[str, int]:
    """The objects in a store, with their sizes."""

    async def walk() -> dict[str, int]:
        return {each.key: each.size async for each in store.walk(folder)}

    return asyncio.run(walk())


def upload(data: Path, store: Store, key: str) -> None:
    """Keep a file in a store, with its row."""
    content = b"a photo of " + key.encode()
    asyncio.run(store.put(f"{key}/original", io.BytesIO(content)))
    values = {"of_trade": "phoneshop", "key": key, "type": "image/png", "size": len(content), "uploaded_by": 1}

    def keep_it(ctx: Context) -> None:
        with ctx.happening("test"):
            ctx.add(File(name="photo.png", **values))

    open_database(None, data).run(AsSystem(phoneshop.trade, 1, utc_now(), keep_it))


def test_p_30_backups_of_the_schedule_are_copied_to_a_bucket_and_hold_the_uploads(tmp_path: Path, bucket: str) -> None:
    away = {"BACKUP_TO": "s3://away/shop", "AWS_ENDPOINT_URL": bucket} | AWS
    done(tmp_path, "org", "create", "Accra", "--data", "data")
    upload(tmp_path / "data", in_folder(tmp_path / "data/files"), "1/0a1b")
    made = run(tmp_path, "backup", "--data", "data", **away)
    assert (made.code, made.err) == (0, "")
    [file] = (tmp_path / "data/backups").glob("*-full.backup")
    assert f"/{file.name}: " in made.out
    assert " and 1 uploads in " in made.out
    assert run(tmp_path, "backup", "--due", "--data", "data", **away).out == ""
    assert there(stored(bucket, "shop"), "backups") == {f"backups/{file.name}": file.stat().st_size}
    assert "the last backup was made as planned; everything is safe up to 0 minutes ago" in done(
        tmp_path, "doctor", "--data", "data"
    )
    done(tmp_path, "restore", str(file), "--data", "restored")
    assert (tmp_path / "restored/files/1/0a1b/original").read_bytes() == b"a photo of 1/0a1b"


def test_p_30_uploads_in_a_bucket_are_backed_up_restored_and_missed(tmp_path: Path, bucket: str) -> None:
    done(tmp_path, "org", "create", "Accra", "--data", "data")
    here, uploads = {"FILE_STORE": "s3://away/uploads", "AWS_ENDPOINT_URL": bucket} | AWS, stored(bucket, "uploads")
    for key in ("1/0a1b", "1/2c3d"):
        upload(tmp_path / "data", uploads, key)
    asyncio.run(uploads.put("1/nobody/original", io.BytesIO(b"what no row refers to")))
    whole = run(tmp_path, "backup", "whole.backup", "--data", "data", **here)
    assert (whole.code, whole.err, " and 2 uploads in " in whole.out) == (0, "", True)
    assert done(tmp_path, "verify-backup", "whole.backup").endswith(", 2 uploads\n")

    elsewhere = here | {"FILE_STORE": "s3://away/elsewhere"}
    restored = run(tmp_path, "restore", "whole.backup", "--data", "restored", **elsewhere)
    assert (restored.code, restored.err, " rows and 2 uploads " in restored.out) == (0, "", True)
    assert there(stored(bucket, "elsewhere"), "1") == {"1/0a1b/original": 17, "1/2c3d/original": 17}
    assert run(tmp_path, "doctor", "--data", "restored", **elsewhere).out.endswith("everything is in order\n")

    asyncio.run(uploads.drop(["1/2c3d/original"]))
    lacks = run(tmp_path, "backup", "lacks.backup", "--data", "data", **here)
    assert (lacks.code, " and 1 uploads in " in lacks.out) == (0, True)
    assert lacks.err == "it lacks 1 uploads that the store of files does not have or did not give\n"
    missed = run(tmp_path, "verify-backup", "lacks.backup")
    assert (missed.code, missed.err.splitlines()[0]) == (
        1, "Accra: the backup lacks 1 of 2 uploads that rows refer to: 1/2c3d",
    )  # fmt: skip

    without = run(tmp_path, "backup", "without.backup", "--data", "data", BACKUP_UPLOADS="false", **here)
    assert (without.code, without.err, " and 0 uploads in " in without.out) == (0, "", True)
    assert "uploads are not in it: it was made with BACKUP_UPLOADS=false\n" in done(
        tmp_path, "verify-backup", "without.backup"
    )


def test_p_30_a_bucket_that_is_away_keeps_no_row_from_being_backed_up(tmp_path: Path, bucket: str) -> None:
    done(tmp_path, "org", "create", "Accra", "--data", "data")
    upload(tmp_path / "data", stored(bucket, "uploads"), "1/0a1b")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
        here = {"FILE_STORE": "s3://away/uploads", "AWS_ENDPOINT_URL": nobody} | AWS
        made = run(tmp_path, "backup", "--data", "data", **here)
    assert (made.code, " and 0 uploads in " in made.out) == (0, True)
    lacks = "the last backup was made, but the store of files lacks uploads, or did not give them"
    assert lacks in run(tmp_path, "doctor", "--data", "data", **here | {"AWS_ENDPOINT_URL": bucket}).out.lower()
    again = run(tmp_path, "backup", "--data", "data", **here | {"AWS_ENDPOINT_URL": bucket})
    assert (again.code, again.err, " and 1 uploads in " in again.out) == (0, "", True)
    doctor = run(tmp_path, "doctor", "--data", "data", **here | {"AWS_ENDPOINT_URL": bucket})
    assert (doctor.code, "the last backup was made as planned" in doctor.out) == (0, True)


def test_p_30_an_owner_has_a_backup_made_now_and_sees_how_it_went(tmp_path: Path) -> None:
    here = ("--data", "data")
    (tmp_path / ".env").write_text("BACKUP_CHANGES_EVERY=0\n")
    person = ("user", "create", "ama", "--trade", "phoneshop", "--role", "owner", "--password-stdin")
    done(tmp_path, *person, *here, given=PASSWORD + "\n")
    done(tmp_path, "backup", *here)  # so that nothing is due by itself
    with serving(tmp_path, "serve", "phoneshop", *here) as server:
        owner = {"Authorization": f"Bearer {server.token('ama')}"}
        assert server.http.post("/api/customers", json=AMA, headers=owner).status_code == 201
        made = server.http.post("/api/backups", headers=owner, timeout=60)
        assert made.status_code == 202
        while "running" in (found := server.http.get("/api/backups", headers=owner)).text:
            pass
        assert [(each["kind"], each["state"]) for each in found.json()["backups"]] == [
            ("changes", "done"),
            ("full", "done"),
        ]
        log = server.http.get("/api/audit", headers=owner).json()["events"]
        assert (log[0]["verb"], log[0]["name"]) == ("backup.make", "ama")
    assert len([*(tmp_path / "data/backups").glob("*-changes*")]) == 1


async def test_p_30_a_server_has_what_is_due_made_by_a_process_of_its_own(tmp_path: Path) -> None:
    await asyncio.to_thread(done, tmp_path, "org", "create", "Accra", "--data", "data")
    database = open_database(None, tmp_path / "data")
    hours, minutes, days = timedelta(hours=24), timedelta(minutes=3), timedelta(days=14)
    command = (PROGRAM, "backup", "--data", str(tmp_path / "data"))
    schedule = Schedule(hours, minutes, days, tmp_path / "data/backups", command, (), timedelta())
    await keep(database, schedule, utc_now)
    found = await database.read(0, lambda session: status(session, utc_now()))
    assert [(each["kind"], each["state"]) for each in found["backups"]] == [("full", "done")]
    await keep(database, schedule, utc_now)  # nothing is due
    again = await database.read(0, lambda session: status(session, utc_now()))
    assert again["backups"] == found["backups"]
    await database.close()
