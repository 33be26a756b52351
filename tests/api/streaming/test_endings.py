"""A socket may be open for days; what it was opened with may not."""

from __future__ import annotations

import pytest

from tests.api.streaming.test_sockets import token_for
from tests.api.streaming.wire import Refusal, events, socket
from tests.kit.site import open_site
from venire.people import standing
from venire.people.tokens import issue_token, revoke_all_tokens, revoke_token

pytestmark = pytest.mark.anyio


async def test_a_revoked_token_ends_its_own_sockets_at_once(site):
    ani = await site.member("ani")
    token = await token_for(ani, "read")
    async with (
        socket(site, None, access_token=token) as line,
        events(site, None, "user", access_token=token) as stream,
        socket(site, ani) as other,
    ):
        await revoke_token(site.world, token)
        assert (await line.closing())["code"] == 1008
        assert not (await stream.wire.next())["more_body"]
        assert other.wire.nothing_more()
        await revoke_all_tokens(site.world, ani.id)
        assert (await other.closing())["code"] == 1008
    with pytest.raises(Refusal):
        async with socket(site, ani):
            pass


async def test_a_token_that_lapses_ends_its_socket_on_the_next_round(site):
    ani = await site.member("ani")
    granted = await issue_token(
        site.world,
        client_id="x",
        scopes=["read"],
        account_id=ani.id,
        until_ms=site.clock.now_ms() + 60_000,
    )
    station = site.app.streaming.station
    async with socket(site, None, access_token=granted.access_token) as line:
        (listener,) = station.audience.listeners.values()
        await station.hub._visit(listener)
        assert listener.ending is None
        site.clock.advance(60_001)
        await station.hub._visit(listener)
        assert (await line.closing())["code"] == 1008


async def test_a_suspended_account_is_shown_out_and_not_let_in_again(tmp_path):
    async with open_site(tmp_path, acceptance=False) as site:
        ani = await site.member("ani")
        async with socket(site, ani, stream="public") as line:
            await standing.suspend(site.world, ani.id, "case:1", None, 1)
            assert (await line.closing())["code"] == 1008
        with pytest.raises(Refusal) as refused:
            async with socket(site, ani):
                pass
        assert (refused.value.status, refused.value.body["code"]) == (403, "account_suspended")
        await standing.unsuspend(site.world, ani.id, "case:1")
        async with socket(site, ani):
            pass


async def test_points_that_suspend_nobody_end_nothing(site):
    ani = await site.member("ani")
    async with socket(site, ani, stream="public") as line:
        await standing.give_strike(
            site.world, ani.id, "case:1", points=1, expires_at_ms=None, case_id=1
        )
        posted = await ani.post("/api/v1/statuses", json={"status": "halo"})
        assert (await line.event("update"))["id"] == posted.json()["id"]


async def test_wrong_tokens_are_counted_and_stopped(tmp_path):
    async with open_site(tmp_path, acceptance=False) as site:
        for n in range(301):
            with pytest.raises(Refusal) as refused:
                async with socket(site, None, access_token=f"guess{n}"):
                    pass
            assert refused.value.status == (401 if n < 300 else 429)
