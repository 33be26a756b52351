"""What tests of the admin API share: asking, acting, and the document's admin entities."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.kit.schema import DOCUMENT
from tests.kit.site import Member

A = "/api/v1/admin"
REASON = "Insults, three days in a row."


def fits(entity: dict[str, object], name: str) -> dict[str, object]:
    """An entity of the admin API, held against the OpenAPI document's part of that name."""
    if DOCUMENT.exists():
        document = json.loads(DOCUMENT.read_text())
        registry = Registry().with_resource("urn:mastodon", DRAFT202012.create_resource(document))
        schema = {"$ref": f"urn:mastodon#/components/schemas/{name}"}
        faults = [
            error.message
            for error in Draft202012Validator(schema, registry=registry).iter_errors(entity)
        ]
        assert not faults, faults
    return entity


async def ok(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


async def act(member: Member, target: Member, kind: str, **more: object):
    path = f"{A}/accounts/{target.id}/action"
    return await member.post(path, json={"type": kind, "text": REASON, **more})


async def shown(member: Member, target: Member) -> dict[str, object]:
    return await ok(await member.get(f"{A}/accounts/{target.id}"))
