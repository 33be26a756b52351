"""What the tests of attacks do again and again: report, act, notify, and look."""

from __future__ import annotations

import json

from venire.people import standing
from venire.record.entry import decode_entry
from venire.storage.tables.record import ENTRIES


async def report(house, reporter, author, post, *rule_ids):
    filed = await reporter.post(
        "/api/v1/reports",
        json={
            "account_id": str(author.id),
            "status_ids": [] if post is None else [post],
            "rule_ids": list(rule_ids),
        },
    )
    assert filed.status_code == 200
    await house.settle()


async def act(house, moderator, post, action, category="incitement", *, settle=True):
    done = await moderator.post(
        f"/api/v1/admin/posts/{post}/actions",
        json={"action": action, "reason": "as I see it", "category": category},
    )
    if settle:
        await house.settle()
    return done


async def points(house, member):
    return (await standing.standing(house.world, member.id)).points


async def seen_by_others(house, post):
    return (await house.site.client.get(f"/api/v1/statuses/{post}")).is_success


async def messages_to(member):
    told = (await member.get("/api/v1/notifications?limit=40")).json()
    return [one["status"]["content"] for one in told if one["type"] == "mention"]


async def kinds_in_record(house):
    rows, _ = await house.site.storage.scan(ENTRIES)
    return [decode_entry(row.entry).header["type"] for row in rows]


async def people_of(house, *names):
    return [await house.site.member(name) for name in names]


async def noticed(house, operator, post, reference):
    document = {
        "provider": "host",
        "reference": reference,
        "kind": "items",
        "category": "incitement",
        "items": [{"n": 1, "url": f"{house.world.site.base_url}/statuses/{post}"}],
    }
    sent = await operator.post(
        "/api/v1/notices",
        files={"notice": ("notice.json", json.dumps(document), "application/json")},
    )
    assert sent.status_code == 202
    await house.settle()
    return sent.json()["ref"]
