"""The commands that keep a business: real processes that back up what is being served, and bring it back (P-30)."""

from pathlib import Path

import httpx2

from tests.commands import PASSWORD, done, refusal, run, serving

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
