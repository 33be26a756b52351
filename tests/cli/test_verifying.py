"""`venire verify record` and `venire fsck`: a sound record, and what somebody did to one."""

from __future__ import annotations

import base64
import json
import sqlite3

import pytest

from tests.cli.calling import call, only_json, told
from venire.cli.options import on_house
from venire.record.note import Signer
from venire.treasury import actions as treasury


def verify(folder, key, *more):
    return call("verify", "record", folder, "--key", key, *more)


def change(folder, sql, *parameters):
    """Somebody with access to the disk changes a row behind the program's back."""
    with sqlite3.connect(folder / "venire.db") as database:
        assert database.execute(sql, parameters).rowcount == 1
    database.close()


def test_a_record_verifies_from_its_data_folder(folder):
    report = only_json(verify(folder, folder / "record.pub", "--json", "-"))
    assert report["size"] == 3
    assert report["counts"] == {"epoch": 3}
    shown = verify(folder, folder / "record.pub")
    assert "The record verifies." in shown.stdout
    sound = only_json(call("fsck", "--data", folder, "--json", "-"))
    assert (sound["entries"], sound["problems"]) == (3, [])
    assert (
        sound["root"] == base64.b64decode(report["root"]).hex() or sound["root"] == report["root"]
    )
    assert call("fsck", "--data", folder).stdout.rstrip().endswith("sound")


ENTRY = "UPDATE record_entries SET entry = ? WHERE leaf_index = 1"
SWAPPED = ENTRY.replace("?", "(SELECT entry FROM record_entries WHERE leaf_index = 0)")
TAMPERED = {
    "an entry is another": (SWAPPED,),
    "an entry is no entry": (ENTRY, b"nonsense"),
    "an entry is gone": ("DELETE FROM record_entries WHERE leaf_index = 1",),
    "the head is another": ("UPDATE record_heads SET root = ?", b"x" * 32),
}


@pytest.mark.parametrize("changed", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_record_does_not_verify_and_fsck_says_where(folder, changed):
    change(folder, *changed)
    broken = verify(folder, folder / "record.pub", "--json", "-")
    assert broken.exit_code == 1
    assert broken.stderr.startswith("error: ")
    assert "Traceback" not in broken.output
    found = call("fsck", "--data", folder, "--json", "-")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["problems"]
    assert found.stderr.startswith("error: record_not_sound")
    readable = call("fsck", "--data", folder)
    assert readable.exit_code == 1
    assert "NOT SOUND" in readable.stdout


def test_a_tile_that_is_not_of_its_entries_is_found(folder):
    change(folder, "UPDATE record_tiles SET hashes = ? WHERE level = 0", b"x" * 96)
    assert verify(folder, folder / "record.pub").exit_code == 1
    found = call("fsck", "--data", folder, "--json", "-")
    assert any("tile 0/0" in problem for problem in json.loads(found.stdout)["problems"])


def test_only_the_key_that_signed_verifies(folder, tmp_path):
    name = (folder / "record.pub").read_text().split("+")[0]
    key = tmp_path / "key"
    for content, code in (
        (f"{Signer(name, b'x' * 32).verifier}\n".encode(), "bad_signature"),
        (b"no key", "verifier_key_malformed"),
        (bytes(range(128, 256)), "verifier_key_malformed"),
        (b" \n", "key_file_empty"),
    ):
        key.write_bytes(content)
        told(verify(folder, key), code)


def earn(folder, *keys):
    """A juror has earned something, in the books of the folder."""

    async def post(house):
        for key in keys:
            await treasury.earn(house.world, "EUR", 7, 25, key=key)

    on_house(post, data=str(folder))


BOOKS = {
    "an entry says more": (
        (
            "UPDATE ledger_entries SET body = CAST(replace(CAST(body AS TEXT), '25', '90') AS BLOB)"
            " WHERE key = 'ballot:2:1:7'"
        ),
        "EUR ballot:2:1:7",
    ),
    "an entry is gone": (
        "DELETE FROM ledger_entries WHERE key = 'ballot:2:1:7'",
        "EUR payable:7: a side of no entry: ballot:2:1:7",
    ),
    "a side is gone": (
        "DELETE FROM ledger_postings WHERE key = 'ballot:2:1:7' AND account = 'service'",
        "EUR ballot:2:1:7: the entry lacks a side",
    ),
    "a side says more": (
        "UPDATE ledger_postings SET amount = 26 WHERE key = 'ballot:1:1:7' AND amount = 25",
        "EUR ballot:1:1:7: the entry lacks a side",
    ),
}


@pytest.mark.parametrize(("sql", "said"), BOOKS.values(), ids=BOOKS)
def test_books_that_do_not_balance_are_told_to_whoever_looks(folder, sql, said):
    earn(folder, "ballot:1:1:7", "ballot:2:1:7")
    # Nothing has counted them yet: sums that are only behind are no fault.
    sound = only_json(call("fsck", "--data", folder, "--json", "-"))
    assert (sound["problems"], sound["books"]) == ([], {"entries": 2, "problems": []})
    change(folder, sql)
    found = call("fsck", "--data", folder, "--json", "-")
    assert found.exit_code == 1
    assert found.stderr.startswith("error: books_not_sound")
    report = json.loads(found.stdout)
    assert report["problems"] == []
    assert any(said in problem for problem in report["books"]["problems"]), report
    readable = call("fsck", "--data", folder)
    assert readable.exit_code == 1
    assert said in readable.stdout
    assert "NOT SOUND" in readable.stdout


def test_a_damaged_database_is_said_to_be_one(folder):
    (folder / "venire.db").write_bytes(b"this was never a database" * 400)
    for name in ("venire.db-wal", "venire.db-shm"):
        (folder / name).unlink(missing_ok=True)
    result = call("fsck", "--data", folder)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert isinstance(result.exception, SystemExit)
