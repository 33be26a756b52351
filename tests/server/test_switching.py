from __future__ import annotations

import contextlib

import pytest

from tests.people.house import make_world
from venire.kernel.clock import ManualClock
from venire.kernel.errors import Invalid
from venire.kernel.zones import DnsRecord
from venire.server.settings import Settings
from venire.server.switching import names_switcher, read_points

pytestmark = pytest.mark.anyio


def test_names_are_read_with_all_their_addresses():
    found = read_points(
        ["Example.org.=203.0.113.7", "example.org=203.0.113.8", "example.org=2001:db8::1"]
    )
    assert found == [
        DnsRecord("example.org", "A", ("203.0.113.7", "203.0.113.8"), 60),
        DnsRecord("example.org", "AAAA", ("2001:db8::1",), 60),
    ]


@pytest.mark.parametrize("text", ["example.org", "example.org=", "example.org=elsewhere", "=1.2.3"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(Invalid, match="point_malformed"):
        read_points([text])


@pytest.fixture
async def world(tmp_path):
    made = make_world(tmp_path, ManualClock())
    yield made
    await made.storage.close()


async def test_a_move_that_is_to_take_names_along_needs_a_host_of_names(world):
    async with contextlib.AsyncExitStack() as stack:
        assert await names_switcher(Settings(), world, [], stack) == []
        with pytest.raises(Invalid, match="no_name_hosts"):
            await names_switcher(Settings(), world, read_points(["a.example=203.0.113.7"]), stack)
