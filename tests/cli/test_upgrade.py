"""`venire upgrade` and `venire snapshot`, as an operator types them."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from tests.cli.calling import call, only_json, told
from venire.server import backups
from venire.storage.engines.sqlite_upkeep import marks_of
from venire.storage.migrations import SCHEMA_VERSION

_SCRIPT = Path(__file__).parents[1] / "server" / "version_1.sql"


@pytest.fixture
def old(tmp_path) -> Path:
    """A data folder of the first release."""
    made = tmp_path / "data"
    made.mkdir()
    connection = apsw.Connection(str(made / "venire.db"))
    with connection:
        connection.execute(_SCRIPT.read_text(encoding="utf-8"))
    connection.close()
    return made


def test_older_data_is_refused_by_every_command_until_it_is_upgraded(old):
    said = told(call("account", "create", "x", "--email", "x@mail.test", "--data", old),
                "data_is_older")  # fmt: skip
    assert f"venire upgrade --data {old}" in said
    looked = only_json(call("upgrade", "--dry-run", "--data", old, "--json", "-"))
    assert (looked["found"], looked["known"]) == (1, SCHEMA_VERSION)
    assert looked["steps"]
    assert marks_of(old / "venire.db").version == 1

    result = call("upgrade", "--data", old)
    assert result.exit_code == 0, result.stderr
    assert f"version 1 to {SCHEMA_VERSION}" in result.stdout
    assert "record     3 entries, sound" in result.stdout
    assert f"venire upgrade --back --data {old}" in result.stdout
    assert call("fsck", "--data", old).exit_code == 0
    assert "nothing to do" in call("upgrade", "--data", old).stdout


def test_there_is_one_command_back_and_it_says_what_is_lost(old):
    only_json(call("upgrade", "--data", old, "--json", "-"))
    call("account", "create", "ayunda", "--email", "ayunda@mail.test", "--data", old)
    looked = only_json(call("upgrade", "--back", "--dry-run", "--data", old, "--json", "-"))
    assert looked["aside"] is None
    assert looked["lost_commits"] > 0
    result = call("upgrade", "--back", "--data", old)
    assert result.exit_code == 0, result.stderr
    assert "install venire" in result.stdout
    assert marks_of(old / "venire.db").version == 1


def test_flags_of_going_back_go_with_it_alone(old):
    for flags in (("--discard-newer",), ("--backup", "x")):
        assert call("upgrade", "--data", old, *flags).exit_code == 2
    told(call("upgrade", "--back", "--backup", "nothing", "--data", old), "backup_not_found")


def test_where_there_is_no_site_nothing_is_made(tmp_path):
    for command in (("upgrade",), ("upgrade", "--back"), ("snapshot",)):
        told(call(*command, "--data", tmp_path / "nothing"), "site_not_there")
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_is_whole_and_without_secrets(folder, tmp_path):
    stored = folder / "objects" / "ab"
    stored.mkdir(parents=True, exist_ok=True)
    (stored / "abcd").write_bytes(b"evidence")
    (folder / "venire.toml").write_text('title = "Warga"\n')
    said = only_json(call("snapshot", "--data", folder, "--to", tmp_path / "away", "--json", "-"))
    made = Path(said["path"])
    assert backups.verify(made).reason == "snapshot"
    assert said["objects"] == 1
    assert (made / "objects" / "ab" / "abcd").read_bytes() == b"evidence"
    assert (made / "venire.toml").read_text() == 'title = "Warga"\n'
    assert said["keys"] == ["record.key", "vapid.key", "vault.key"]
    secret = (folder / "keys" / "record.key").read_bytes()
    assert all(secret not in path.read_bytes() for path in made.rglob("*") if path.is_file())
    assert made.stat().st_mode & 0o777 == 0o700
