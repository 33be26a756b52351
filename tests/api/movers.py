"""What tests of moving share: sending a file, asking for one, looking at what is kept."""

from __future__ import annotations

from pathlib import Path

from tests.kit.courthouse import Courthouse
from tests.kit.site import Member
from venire.posts.moving import csvs

IMPORTS = "/api/v1/imports"
EXPORTS = "/api/v1/exports"


async def bring(house: Courthouse, member: Member, kind: str, content: bytes, **more) -> dict:
    """Send a file and let all of it be worked on; the import as it is then."""
    sent = await member.post(
        IMPORTS, data={"type": kind, **more}, files={"data": ("file", content)}
    )
    assert sent.status_code == 202, sent.text
    await house.settle()
    done = (await member.get(f"{IMPORTS}/{sent.json()['id']}")).json()
    assert done["state"] == "done", done
    assert done["progress"] == 1.0
    return done


async def taken(member: Member, kind: str) -> list[str]:
    answer = await member.get(f"{EXPORTS}/files/{csvs.NAMES[kind]}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    return answer.text.splitlines()


async def refused(member: Member, kind: str, content: bytes, **more) -> tuple[int, str]:
    sent = await member.post(
        IMPORTS, data={"type": kind, **more}, files={"data": ("file", content)}
    )
    return sent.status_code, sent.json()["code"]


def objects(house: Courthouse) -> list[Path]:
    return list(Path(house.court.media.objects._folder).glob("??/*"))


async def page_of(member: Member, other: Member) -> list[dict]:
    return (await member.get(f"/api/v1/accounts/{other.id}/statuses")).json()
