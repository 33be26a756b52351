"""`venire restore`, `venire snapshot` and `venire relocate`, as an operator types them."""

from __future__ import annotations

import shutil

import pytest
from pyrage.x25519 import Identity

from tests.cli.calling import call, only_json, told
from tests.continuity.restore_kit import SIGNER, Ground, run
from venire.cli import restore_reports
from venire.storage.engines.sqlite_upkeep import faults_of


@pytest.fixture
def site(tmp_path):
    """A site that was started once, with an account."""
    data = tmp_path / "data"
    call("init", "--data", data)
    call("account", "create", "ayunda", "--email", "ayunda@mail.test", "--data", data)
    return data


@pytest.fixture
def shipped(tmp_path):
    """A folder with what a site has shipped, and its offline key."""

    async def play() -> Ground:
        made = Ground(tmp_path / "ground", ("first", "second"))
        await made.begin()
        await made.record(2)
        await made.write(5)
        await made.ship()
        await made.snapshot()
        await made.write(3)
        await made.ship()
        await made.close()
        return made

    ground = run(play())
    (tmp_path / "offline.key").write_text(f"# keep me\n{ground.identity}\n")
    return ground


def test_a_local_backup_becomes_a_site_and_says_which_keys_it_needs(tmp_path, site):
    made = only_json(call("snapshot", "--data", site, "--json", "-"))
    assert "shipped" not in made
    new = tmp_path / "new"
    result = call("restore", made["path"], "--data", new)
    assert result.exit_code == 0, result.stderr
    assert "missing    keys/" in result.stdout
    assert f"next       venire fsck --data {new}" in result.stdout
    shutil.copytree(site / "keys", new / "keys")
    assert call("fsck", "--data", new).exit_code == 0
    again = call("restore", made["path"], "--data", new, "--json", "-")
    told(again, "folder_not_empty")


def test_a_damaged_local_backup_is_refused_before_anything_is_written(tmp_path, site):
    made = only_json(call("snapshot", "--data", site, "--json", "-"))
    file = tmp_path / "data" / "backups"
    (database,) = file.rglob("venire.db")
    content = database.read_bytes()
    database.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    again = call("restore", made["path"], "--data", tmp_path / "new", "--json", "-")
    told(again, "backup_damaged")
    assert not (tmp_path / "new" / "venire.db").exists()


def test_from_a_store_it_says_what_it_has_and_what_to_type_next(tmp_path, shipped):
    new = tmp_path / "new"
    result = call("restore", f"file://{shipped.folder / 'first'}", "--identity",
                  tmp_path / "offline.key", "--data", new)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    for line in (
        "restored   example.org into",
        "then 3 commits of the journal",
        f"through    commit {shipped.shipped}, ",
        "record     2 entries, example.org/record",
        f"signed by  {SIGNER.verifier}",
        f"next       venire fsck --data {new}",
        f"           venire run --data {new}",
    ):
        assert line in result.stdout
    assert "LOST" not in result.stdout
    assert faults_of(new / "venire.db") == []


def test_a_file_that_the_settings_name_and_no_backup_has_is_said(tmp_path, capsys):
    async def play() -> Ground:
        made = Ground(tmp_path / "ground")
        (made.data / "policies").mkdir()
        (made.data / "policies" / "ours.toml").write_text("")
        (made.data / "keys" / "sms.secret").write_text("hush")
        (made.data / "venire.toml").write_text(
            'policy = "policies/ours.toml"\n[[vendors]]\nsecret_file = "keys/sms.secret"\n'
            '[[vendors]]\nsecret_file = "/etc/elsewhere/mail.secret"\n'
        )
        await made.begin()
        await made.write(1)
        await made.ship()
        await made.snapshot()
        await made.close()
        return made

    ground = run(play())
    (tmp_path / "offline.key").write_text(f"{ground.identity}\n")
    words = ("restore", ground.folder / "first", "--identity", tmp_path / "offline.key", "--data")
    done = only_json(call(*words, tmp_path / "new", "--json", "-"))
    assert done["missing"] == ["/etc/elsewhere/mail.secret", "policies/ours.toml"]
    said = call(*words, tmp_path / "other").stdout
    assert "MISSING    policies/ours.toml: " in said
    assert "keys/sms.secret" not in said
    restore_reports.warn_of_missing(tmp_path / "new")
    assert "MISSING    policies/ours.toml: " in capsys.readouterr().err


def test_what_is_lost_is_said_and_where_to_look(tmp_path, shipped):
    last = max((shipped.folder / "first" / "journal").rglob("*.seg"))
    last.write_bytes(last.read_bytes()[:200])
    result = call("restore", shipped.folder / "first", "--identity", tmp_path / "offline.key",
                  "--data", tmp_path / "new")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "LOST       commits" in result.stdout
    assert "further SOURCE" in result.stdout
    both = only_json(call("restore", shipped.folder / "first", shipped.folder / "second",
                          "--identity", tmp_path / "offline.key",
                          "--data", tmp_path / "both", "--json", "-"))  # fmt: skip
    assert both["complete"]
    assert both["sequence"] == shipped.shipped


def test_a_store_may_be_named_by_its_settings(tmp_path, shipped):
    settings = tmp_path / "venire.toml"
    settings.write_text(
        f'backup_recipients = ["{shipped.recipient}"]\n[[stores]]\nname = "second"\n'
        f'url = "file://{shipped.folder / "second"}"\n'
    )
    done = only_json(call("restore", "second", "--settings", settings, "--identity",
                          tmp_path / "offline.key", "--data", tmp_path / "new", "--json", "-",
                          "--until", "2031-01-01T00:00:00Z"))  # fmt: skip
    assert done["store"] == "second"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nowhere",), "source_unknown"),
        (("ftp://somewhere/x",), "source_unknown"),
        (("file:///no/such/folder",), "source_missing"),
        (("s3://bucket/x",), "settings_invalid"),
        (("s3://bucket/x", "--endpoint", "http://198.51.100.1"), "settings_invalid"),
        (("x", "--settings", "/no/such/venire.toml"), "settings_missing"),
        (("STORE", "--until", "yesterday"), "time_invalid"),
        (("STORE", "--until", "2026-11-21T14:00:00"), "time_invalid"),
        (("EMPTY",), "backup_not_found"),
        (("STORE", "--follow", "--base-url", "https://new.example.org/x"), "settings_invalid"),
        (("STORE", "--follow", "--base-url", "new.example.org"), "settings_invalid"),
    ],
)
def test_a_slip_is_said_before_anything_is_written(tmp_path, shipped, words, code):
    (tmp_path / "empty").mkdir()
    places = {"STORE": shipped.folder / "first", "EMPTY": tmp_path / "empty"}
    words = [places.get(word, word) for word in words]
    new = tmp_path / "new"
    told(call("restore", *words, "--identity", tmp_path / "offline.key", "--data", new,
              "--json", "-"), code)  # fmt: skip
    assert not (new / "venire.db").exists()


def test_a_wrong_or_missing_key_is_said_first(tmp_path, shipped):
    wrong = tmp_path / "wrong.key"
    wrong.write_text(f"{Identity.generate()}\n")
    store, new = shipped.folder / "first", tmp_path / "new"
    said = told(call("restore", store, "--identity", wrong, "--data", new, "--json", "-"),
                "identity_wrong")  # fmt: skip
    assert str(shipped.recipient) in said
    missing = call("restore", store, "--identity", tmp_path / "none", "--data", new, "--json", "-")
    told(missing, "identity_missing")
    assert call("restore", store, "--data", new).exit_code == 2
    assert call("restore").exit_code == 2
    assert call("restore", store, "--identity", wrong, "--engine", "cql").exit_code == 2
    assert not (new / "venire.db").exists()


@pytest.mark.parametrize("words", [("--until", "2026-11-21T14:00:00Z"), ("--prove-key",)])
def test_what_only_a_source_can_do_fills_no_cluster(tmp_path, site, words):
    done = call("restore", *words, "--data", site, "--engine", "cql",
                "--cluster", "127.0.0.1:1/venire")  # fmt: skip
    assert done.exit_code == 2
    assert words[0] in done.output


def test_the_offline_key_is_proven_and_the_record_key_is_asked_for(tmp_path, shipped, site):
    store = shipped.folder / "first"
    result = call("restore", store, "--prove-key", "--identity", tmp_path / "offline.key",
                  "--data", site)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert f"opens      source-1: {shipped.recipient}" in result.stdout
    assert "noted      today" in result.stdout
    (tmp_path / "empty").mkdir()
    both = call("restore", store, tmp_path / "empty", "--prove-key", "--identity",
                tmp_path / "offline.key", "--data", site)  # fmt: skip
    assert "NOT PROVEN source-2: no snapshot" in both.stdout
    other = tmp_path / "other.pub"
    other.write_bytes(b"\xff\x8c no key")
    told(call("restore", store, "--identity", tmp_path / "offline.key", "--record-key", other,
              "--data", tmp_path / "new", "--json", "-"), "verifier_key_malformed")  # fmt: skip
    other.write_text((site / "record.pub").read_text())
    told(call("restore", store, "--identity", tmp_path / "offline.key", "--record-key", other,
              "--data", tmp_path / "new", "--json", "-"), "snapshot_foreign")  # fmt: skip
    other.write_text(f"{SIGNER.verifier}\n")
    only_json(call("restore", store, "--identity", tmp_path / "offline.key", "--record-key", other,
                   "--data", tmp_path / "new", "--json", "-"))  # fmt: skip


def test_without_stores_there_is_nothing_to_ship_to_check_or_to_move_through(tmp_path, site):
    told(call("snapshot", "--ship-only", "--data", site), "no_stores")
    told(call("restore", "--check", "--data", site), "no_stores")
    told(call("relocate", "--to", "https://new.example.org", "--data", site), "no_stores")
    told(call("relocate", "--to", "https://new.example.org", "--data", tmp_path / "none"),
         "site_not_there")  # fmt: skip
