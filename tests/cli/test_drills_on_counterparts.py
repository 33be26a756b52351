"""Every drill of vendors end to end on real counterparts (tests/counterparts), faults by our proxy.

What has no real counterpart here is our own stand-in, and its result says so: chats (local
receivers, by design), and the bank (a file that ISO 20022's schema accepts).
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import apsw
import pytest

from tests.cli.calling import call
from tests.counterparts.drilled import NEEDED, Cast
from venire.cli.drills.vendors.every import DRILLS

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(900)]

KINDS = {
    "sms-a-closed": ("sms",),
    "mail-a-5xx": ("mail",),
    "chat-gone": ("sms",),
    "stripe-closed": ("payments",),
    "bucket-a-gone": ("objects",),
    "media-revoked": ("objects",),
    "host-and-bucket-a-gone": ("objects",),
    "ca-gone": ("dns", "certificates"),
    "registrar-gone": ("dns", "certificates"),
    "datacentre-lost": ("objects", "dns", "certificates", "mail"),
    "passkey-domain-lost": ("passkeys",),
    "january-2021": ("objects", "sms", "payments"),
    "return": ("objects", "sms", "payments"),
}
"""Which kinds of vendor a drill has, and are real here."""
_POSTS = {"january-2021": "2000", "return": "300"}


def drills():
    for name, kinds in KINDS.items():
        needed = sorted({one for kind in kinds for one in NEEDED[kind]})
        yield pytest.param(name, id=name, marks=pytest.mark.vendors(*needed))


def test_every_drill_is_tried_on_real_counterparts():
    assert set(KINDS) == set(DRILLS)


@pytest.mark.parametrize("name", list(drills()))
def test_a_drill_passes_on_real_counterparts_and_is_kept_in_the_register(name, tmp_path):
    site = tmp_path / "site"
    made = call("account", "create", "keeper", "--email", "keeper@drill.invalid", "--data", site)
    assert made.exit_code == 0, made.stderr
    with contextlib.ExitStack() as stack:
        file = Cast(tmp_path, stack).write(KINDS[name])
        posts = ("--posts", _POSTS[name]) if name in _POSTS else ()
        named = ("--counterparts", file, "--data", site, "--json", "-")
        done = call("drill", "vendors", name, *posts, *named)
    assert done.stdout.count("\n") == 1, done.stderr
    result = json.loads(done.stdout)
    note(result)
    assert result["passed"], f"{json.dumps(result, indent=1)}\n{done.stderr[-4000:]}"
    for kind in KINDS[name]:
        played = result["counterparts"][kind]
        assert set(played) == {"real"}, f"{kind}: {played}"
    assert 0 < result["switched_s"] <= DRILLS[name].within_s
    connection = apsw.Connection(str(site / "venire.db"))
    kept = connection.execute("SELECT drill FROM drill_results").fetchall()
    connection.close()
    assert [row[0] for row in kept] == [name]


def note(result):
    """Where the run's caller wants them, each result is a line of JSON."""
    if where := os.environ.get("VENIRE_DRILL_RESULTS"):
        with Path(where).open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
