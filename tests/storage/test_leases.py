"""Who gives ids and who leads: one at a time, and never for longer than its process lives."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.storage.child import ROOT
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Unavailable
from venire.kernel.ids import IMPORT_NODE, Ids
from venire.storage.leases import LeaderLock, NodeLease

_HOLD = """
import sys, pathlib
from venire.storage.leases import LeaderLock, NodeLease
folder = pathlib.Path(sys.argv[1])
lease, leader = NodeLease(folder), LeaderLock(folder)
print(lease.node, leader.acquire(), flush=True)
sys.stdin.read()
"""


def holder(folder):
    return subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_who_live_at_once_have_different_nodes(tmp_path):
    one, two = NodeLease(tmp_path), NodeLease(tmp_path)
    assert (one.node, two.node) == (0, 1)
    clock = ManualClock()
    first, second = Ids(clock, node=one.node), Ids(clock, node=two.node)
    given = [ids.next() for _ in range(5000) for ids in (first, second)]
    assert len(set(given)) == len(given)
    one.release()
    two.release()


def test_a_node_that_was_given_back_is_lent_again(tmp_path):
    one, two = NodeLease(tmp_path), NodeLease(tmp_path)
    one.release()
    three = NodeLease(tmp_path)
    assert three.node == 0
    two.release()
    three.release()


def test_there_are_31_nodes_and_the_one_for_imports_is_not_lent(tmp_path):
    leases = [NodeLease(tmp_path) for _ in range(IMPORT_NODE)]
    assert [lease.node for lease in leases] == list(range(31))
    with pytest.raises(Unavailable) as full:
        NodeLease(tmp_path)
    assert full.value.code == "no_node_free"
    for lease in leases:
        lease.release()


def test_one_leads_and_the_next_leads_after_it(tmp_path):
    one, two = LeaderLock(tmp_path), LeaderLock(tmp_path)
    assert one.acquire()
    assert one.acquire(), "asking twice is no harm"
    assert not two.acquire()
    one.release()
    assert two.acquire()
    assert not one.acquire()
    two.release()
    two.release()


def test_a_killed_process_holds_nothing(tmp_path):
    process = holder(tmp_path)
    assert process.stdout.readline() == "0 True\n"
    leader, lease = LeaderLock(tmp_path), NodeLease(tmp_path)
    assert (lease.node, leader.acquire()) == (1, False)

    process.kill()
    process.communicate()

    again = NodeLease(tmp_path)
    assert (again.node, leader.acquire()) == (0, True)
    leader.release()
    lease.release()
    again.release()
