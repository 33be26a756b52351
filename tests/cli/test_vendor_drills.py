"""Drills of vendors, each on a site of its own with stand-ins on the loopback.

On real counterparts: `test_drills_on_counterparts.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

import apsw
import pytest

from tests.cli.calling import call, told
from venire.cli.drills.vendors import running
from venire.cli.drills.vendors.every import DRILLS
from venire.cli.drills.vendors.results import Log
from venire.continuity.vendors import drill_results

pytestmark = pytest.mark.loopback

_FIRST_RELEASE = Path(__file__).parents[1] / "server" / "version_1.sql"
_KEYS = {
    "drill",
    "started",
    "detected_s",
    "switched_s",
    "lost",
    "counterparts",
    "passed",
    "steps",
}
_LOST = {"posts", "ballots", "verdicts", "payments", "record"}


FAST = ("sms-a-closed", "mail-a-5xx", "stripe-closed")
"""A few seconds each; the others take a quarter of a minute and more: `make test-vendors`."""
STANDING_IN = ("ca-gone", "chat-gone", "datacentre-lost", "passkey-domain-lost", "registrar-gone")
"""Those of the others whose stand-ins no other drill has."""


def _passes(name: str, folder) -> None:
    done = call("drill", "vendors", name, "--data", folder / "none", "--json", "-")
    assert done.stdout.count("\n") == 1, done.stderr
    result = json.loads(done.stdout)
    assert set(result) == _KEYS
    assert set(result["lost"]) == _LOST
    assert result["passed"], json.dumps(result, indent=1)
    assert {one for some in result["counterparts"].values() for one in some} == {"stand-in"}
    assert done.exit_code == 0
    assert 0 < result["switched_s"] <= DRILLS[name].within_s


@pytest.mark.parametrize("name", FAST)
def test_a_short_drill_passes_and_says_what_the_contract_asks(name, tmp_path):
    _passes(name, tmp_path)


# It needs nobody; the mark is there because `make test` has no minutes for these.
@pytest.mark.vendors("versitygw_a")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", STANDING_IN)
def test_a_longer_drill_passes_with_stand_ins_too(name, tmp_path):
    _passes(name, tmp_path)


def test_a_drill_that_nobody_knows_is_refused_with_the_list(tmp_path):
    said = told(call("drill", "vendors", "moon-gone", "--data", tmp_path), "drill_unknown")
    assert "sms-a-closed" in said


def test_the_register_knows_every_drill_and_no_others():
    assert set(DRILLS) == set(drill_results.NAMES)


def test_a_result_tells_the_times_of_the_last_loss_and_who_played_whom():
    log = Log("return", lambda _: None)
    log.gone("the first time")
    log.detected()
    log.switched()
    log.gone("the second time")
    log.cast("sms", 1, real=False)
    log.cast("sms", 0, real=True)
    result = log.result(within_s=1)
    assert (result["detected_s"], result["switched_s"]) == (None, None)
    assert not result["passed"]
    assert result["counterparts"] == {"sms": ["real", "stand-in"]}
    log.detected()
    log.switched()
    assert log.result(within_s=1)["passed"]


def test_a_result_that_a_site_of_another_version_cannot_keep_is_printed_all_the_same(
    tmp_path, monkeypatch
):
    result = {
        "drill": "sms-a-closed",
        "started": "2026-11-21T10:00:00.000Z",
        "detected_s": 0.1,
        "switched_s": 0.4,
        "lost": dict.fromkeys(sorted(_LOST), 0),
        "counterparts": {"sms": ["stand-in", "stand-in"]},
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
