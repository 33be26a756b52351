"""What the tests of media do again and again: upload, post, fetch, look at the store."""

from __future__ import annotations

from pathlib import Path

from tests.kit.courthouse import Courthouse
from tests.kit.site import Member
from tests.posts.media import files


async def upload(member: Member, content: bytes, name="p.png", version=2, **fields):
    return await member.post(f"/api/v{version}/media", files={"file": (name, content)}, data=fields)


async def uploaded(member: Member, content: bytes | None = None, **fields) -> dict:
    answer = await upload(member, content or files.picture(), **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def posted(house: Courthouse, member: Member, *media: dict, text: str = "Look.") -> dict:
    body = {"status": text, "media_ids": [one["id"] for one in media]}
    answer = await member.post("/api/v1/statuses", json=body)
    assert answer.status_code == 200, answer.text
    await house.settle()
    return answer.json()


async def served(house: Courthouse, url: str, **headers):
    return await house.site.client.get(url, headers=headers)


def objects(house: Courthouse) -> set[str]:
    folder = Path(house.court.media.objects._folder)
    return {path.name for path in folder.glob("??/*")}


def contents(house: Courthouse) -> list[bytes]:
    return [path.read_bytes() for path in Path(house.court.media.objects._folder).glob("??/*")]


def take_disk(house: Courthouse) -> None:
    folder = Path(house.court.media.objects._folder)
    folder.rmdir()
    folder.write_bytes(b"no folder")


def give_disk(house: Courthouse) -> None:
    folder = Path(house.court.media.objects._folder)
    folder.unlink()
    folder.mkdir()
