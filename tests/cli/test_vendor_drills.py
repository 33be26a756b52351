"""Drills of vendors, each on a site of its own with stand-ins on the loopback."""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest

from tests.cli.calling import call, told
from tests.counterparts.installing import go_program
from venire.cli.drills.vendors import running
from venire.cli.drills.vendors.every import DRILLS
from venire.cli.drills.vendors.shelves import PROGRAM
from venire.continuity.vendors import drill_results

pytestmark = pytest.mark.loopback

_FIRST_RELEASE = Path(__file__).parents[1] / "server" / "version_1.sql"
_KEYS = {"drill", "started", "detected_s", "switched_s", "lost", "passed", "steps"}
_LOST = {"posts", "ballots", "verdicts", "payments", "record"}


FAST = ("sms-a-closed", "mail-a-5xx", "stripe-closed")
"""A few seconds each; the others take a quarter of a minute and more: `make test-vendors`."""
_POSTS = {"january-2021": "2000", "return": "300"}


def _passes(name: str, folder) -> None:
    posts = ("--posts", _POSTS[name]) if name in _POSTS else ()
    done = call("drill", "vendors", name, *posts, "--data", folder / "none", "--json", "-")
    assert done.stdout.count("\n") == 1, done.stderr
    result = json.loads(done.stdout)
    assert set(result) == _KEYS
    assert set(result["lost"]) == _LOST
    assert result["passed"], json.dumps(result, indent=1)
    assert done.exit_code == 0
    assert 0 < result["switched_s"] <= DRILLS[name].within_s


@pytest.mark.parametrize("name", FAST)
def test_a_short_drill_passes_and_says_what_the_contract_asks(name, tmp_path):
    _passes(name, tmp_path)


@pytest.mark.vendors("versitygw_a")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(set(DRILLS) - set(FAST)))
def test_a_long_drill_passes(name, tmp_path, monkeypatch):
    # Stores are S3 servers then, which check signatures.
    monkeypatch.setenv(PROGRAM, str(go_program("versitygw")))
    _passes(name, tmp_path)


def test_a_drill_that_nobody_knows_is_refused_with_the_list(tmp_path):
    said = told(call("drill", "vendors", "moon-gone", "--data", tmp_path), "drill_unknown")
    assert "sms-a-closed" in said


def test_every_drill_is_one_that_the_register_knows():
    assert set(DRILLS) <= set(drill_results.NAMES)


def test_a_result_that_a_site_of_another_version_cannot_keep_is_printed_all_the_same(
    tmp_path, monkeypatch
):
    result = {
        "drill": "sms-a-closed",
        "started": "2026-11-21T10:00:00.000Z",
        "detected_s": 0.1,
        "switched_s": 0.4,
        "lost": dict.fromkeys(sorted(_LOST), 0),
        "passed": True,
        "steps": [],
    }
    monkeypatch.setattr(running, "perform", lambda *_, **__: result)
    (tmp_path / "site").mkdir()
    connection = apsw.Connection(str(tmp_path / "site" / "venire.db"))
    with connection:
        connection.execute(_FIRST_RELEASE.read_text(encoding="utf-8"))
    connection.close()
    for more in ((), ("--json", "-")):
        done = call("drill", "vendors", "sms-a-closed", "--data", tmp_path / "site", *more)
        assert done.exit_code == 0
        assert "NOT kept in the register: data_is_older" in done.stderr
        assert "0.4" in done.stdout
