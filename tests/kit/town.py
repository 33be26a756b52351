"""A house where everything has happened once, and everyone who may ask: for tests that ask all."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.kit.courthouse import MILD, Courthouse, open_courthouse
from tests.treasury.vendors import Payer, Processor, money_with
from venire.people import tokens
from venire.storage.tables.outbox import PARKED


@dataclasses.dataclass
class Town:
    """A house where everything has happened once, and those who may ask."""

    portal: BlockingPortal
    house: Courthouse
    viewers: dict[str, dict[str, str]]
    values: list[str]

    def send(self, method: str, path: str, **sent: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            return await self.house.site.client.request(method, path, **sent)

        return self.portal.call(call)


@contextlib.asynccontextmanager
async def opened(folder: Path):
    async with open_courthouse(folder, jurors=6) as house:
        site = house.site
        money = money_with(site.world, {"cards-a": Processor()}, {"pay-a": Payer()})
        object.__setattr__(site.court, "money", money)
        author, member = await site.member("author"), await site.member("member")
        admin = await site.member("admin", role="admin")
        post = await house.post(author, MILD)
        reply = await house.post(author, "@member hello", in_reply_to_id=post)
        report = {"account_id": str(author.id), "status_ids": [post], "rule_ids": ["1"]}
        assert (await member.post("/api/v1/reports", json=report)).is_success
        held = {"action": "hold", "reason": "to be looked at", "category": "incitement"}
        acted = await admin.post(f"/api/v1/admin/posts/{reply}/actions", json=held)
        notice = {"notice": '{"items": [{"n": 1, "text": "hello there"}]}'}
        taken = await admin.post("/api/v1/notices", data=notice, files=[("x", b"")])
        await house.settle()
        juror, summons = (await house.summoned())[0]
        statements = (await author.get("/api/v1/statements")).json()
        read_only = await tokens.issue_token(
            site.world, client_id="", scopes=("read",), account_id=member.id
        )
        of_app = await tokens.issue_token(site.world, client_id="app", scopes=("read", "write"))
        people = {"author": author, "member": member, "juror": juror, "admin": admin}
        yield (
            house,
            {
                "nobody": {},
                "forged": {"Authorization": "Bearer " + "x" * 43},
                "reader": _bearer(read_only.access_token),
                "app": _bearer(of_app.access_token),
                **{name: each.headers for name, each in people.items()},
            },
            [
                *(str(each.id) for each in people.values()),
                *(post, reply, summons["id"], summons["case"]),
                *(acted.json()["case"], taken.json()["ref"], statements[0]["id"]),
                *("author", "reply.json", "0", "1", "000", "checkpoint"),
            ],
        )
        await house.settle()
        parked, _ = await site.storage.scan(PARKED)
        assert not parked, "what was accepted is more than a subscriber could bear"
        # Mastodon's document knows refusals only of forms, with the fields of a form in them; and
        # it takes the list of filters of its own first version for one filter.
        site.checker.faults[:] = [
            fault
            for fault in site.checker.faults
            if " 422 " not in fault and "/api/v1/filters 200" not in fault
        ]


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@contextlib.contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """Such a house in a folder, living in a thread of its own."""
    with (
        start_blocking_portal(backend="asyncio") as portal,
        portal.wrap_async_context_manager(opened(folder)) as (house, viewers, values),
    ):
        yield Town(portal, house, viewers, values)
