"""Archives through the public API: what comes with one, and what goes out in one."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.api.movers import bring, objects, page_of
from tests.kit.courthouse import MILD, THREAT, Courthouse, open_courthouse
from tests.kit.site import Member
from tests.posts.media import files
from tests.posts.moving import archives
from tests.posts.moving.archives import FOLLOWERS, boost, document, files_of, note, zipped
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.ids import id_ms, is_imported

pytestmark = pytest.mark.anyio
EXPORTS = "/api/v1/exports"
MEDIUM = "media_attachments/files/1/original/sea.png"


@pytest.fixture
async def house(tmp_path: Path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ani(house: Courthouse) -> Member:
    return await house.site.member("ani")


# archives


NAMED = {
    "type": "Mention",
    "href": "http://venire.test/users/cia",
    "name": "@cia@venire.test",
}
NAME = '<a href="http://venire.test/@cia" class="u-url mention">@<span>cia</span></a>'
LIFE = [
    note(1, "<p>First<br>line two</p><p>Para &amp; more #tag</p>"),
    note(2, "<p>An answer</p>", inReplyTo=archives.uri(1)),
    note(3, "<p>To followers</p>", to=[FOLLOWERS], cc=[]),
    note(4, "<p>Quiet</p>", to=[FOLLOWERS], cc=[archives.EVERYONE]),
    note(5, "<p>Direct</p>", to=["https://other.example/users/x"], cc=[]),
    note(6, "<p>To a stranger</p>", inReplyTo="https://other.example/9"),
    note(7, "<p>Warned</p>", summary="Food", sensitive=True),
    note(8, f"<p>Hello {NAME}</p>", tag=[NAMED]),
    boost(9),
]
"""What somebody said elsewhere."""


async def test_posts_are_told_to_nobody(house, ani):
    bob, cia = await house.site.member("bob"), await house.site.member("cia")
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    new = (await ani.post("/api/v1/statuses", json={"status": MILD})).json()
    await house.settle()
    before = await house.site.storage.tail(0, 10_000)
    done = await bring(house, ani, "archive", zipped(files_of(LIFE)))
    assert (done["rows"], done["brought"], done["likes"]) == (7, 7, 1)
    assert done["skipped"] == {"boost": 1, "direct_message": 1}
    told = [one.event for one in await house.site.storage.tail(before[-1].sequence, 10_000)]
    assert not [one for one in told if type(one).__name__ in {"PostCreated", "Notified"}]
    assert (await cia.get("/api/v1/notifications")).json() == []
    assert [post["id"] for post in (await bob.get("/api/v1/timelines/home")).json()] == [new["id"]]
    public = (await bob.get("/api/v1/timelines/public")).json()
    assert [post["id"] for post in public] == [new["id"]]


async def test_posts_stand_by_their_dates_and_are_counted(house, ani):
    new = (await ani.post("/api/v1/statuses", json={"status": MILD})).json()
    await bring(house, ani, "archive", zipped(files_of(LIFE)))
    shown = await page_of(ani, ani)
    assert shown[0]["id"] == new["id"]
    dates = [post["created_at"] for post in shown]
    assert dates == sorted(dates, reverse=True)
    ids = [int(post["id"]) for post in shown]
    assert ids == sorted(ids, reverse=True)
    assert dates[-1] == "2021-03-02T08:01:00.000Z"
    me = (await ani.get("/api/v1/accounts/verify_credentials")).json()
    assert (me["statuses_count"], me["last_status_at"]) == (8, new["created_at"][:10])
    tagged = (await ani.get("/api/v1/timelines/tag/tag")).json()
    assert [post["id"] for post in tagged] == [shown[-1]["id"]]


async def test_posts_say_what_they_said(house, ani):
    await bring(house, ani, "archive", zipped(files_of(LIFE)))
    shown = {post["content"]: post for post in await page_of(ani, ani)}

    def saying(text: str) -> dict:
        return next(post for content, post in shown.items() if text in content)

    first = saying("First")
    assert first["content"].startswith("<p>First<br>line two</p><p>Para &amp; more ")
    assert [tag["name"] for tag in first["tags"]] == ["tag"]
    answer = saying("An answer")
    assert answer["in_reply_to_id"] == first["id"]
    assert answer["in_reply_to_account_id"] == str(ani.id)
    stranger = saying("To a stranger")
    assert stranger["in_reply_to_id"] is None
    assert "https://other.example/9" in stranger["content"]
    warned = saying("Warned")
    assert (warned["spoiler_text"], warned["sensitive"]) == ("Food", True)
    assert {post["visibility"] for post in shown.values()} == {"public", "private", "unlisted"}


async def test_an_archive_brought_twice_brings_nothing_twice(house, ani):
    content = zipped(files_of([note(number) for number in range(1, 60)]))
    first = await bring(house, ani, "archive", content)
    ids = [post["id"] for post in await page_of(ani, ani)]
    again = await bring(house, ani, "archive", content)
    assert (first["brought"], again["brought"], again["there"]) == (59, 0, 59)
    assert [post["id"] for post in await page_of(ani, ani)] == ids


async def test_pictures_come_along_with_their_words(house, ani):
    posts = [
        note(1, attachment=[document(MEDIUM, name="The sea", focalPoint=[0.5, 0.1])]),
        note(2, attachment=[document("media_attachments/gone.png")]),
        note(3, "<p></p>", attachment=[document("media_attachments/gone.png")]),
        note(4, attachment=[document("media_attachments/broken.png")]),
    ]
    content = files_of(posts)
    content[MEDIUM] = files.located("JPEG")
    content["media_attachments/broken.png"] = files.cut("PNG")
    done = await bring(house, ani, "archive", zipped(content))
    assert (done["brought"], done["media"], done["media_missing"]) == (3, 1, 2)
    assert done["refused"] == {"media_missing": 1}
    post = (await page_of(ani, ani))[-1]
    (medium,) = post["media_attachments"]
    assert medium["description"] == "The sea"
    assert medium["meta"]["focus"] == {"x": 0.5, "y": 0.1}
    served = await house.site.client.get(medium["url"])
    assert served.status_code == 200
    assert files.CANARY not in served.content


async def test_an_old_threat_is_judged_as_any_other(house, ani):
    await bring(house, ani, "archive", zipped(files_of([note(1, f"<p>{THREAT}</p>")])))
    (post,) = await page_of(ani, ani)
    case = await house.case_on(post["id"])
    assert case is not None
    bob = await house.site.member("bob")
    assert await page_of(bob, ani) == []


async def test_a_recent_post_stands_on_the_public_page_by_its_date_and_an_old_one_does_not(
    house, ani
):
    now_ms = house.world.now_ms()
    posts = [
        note(1, "<p>Ten days old</p>", at=iso_ms(now_ms - 10 * DAY_MS)),
        note(2, "<p>Forty days old</p>", at=iso_ms(now_ms - 40 * DAY_MS)),
    ]
    await bring(house, ani, "archive", zipped(files_of(posts)))
    bob = await house.site.member("bob")
    public = (await bob.get("/api/v1/timelines/public")).json()
    assert ["Ten days old" in post["content"] for post in public] == [True]
    assert id_ms(int(public[0]["id"])) // DAY_MS == (now_ms - 10 * DAY_MS) // DAY_MS


async def test_what_was_brought_along_stays_out_of_homes_lists_and_new_follows(house, ani):
    now_ms = house.world.now_ms()
    house.site.clock.advance(5 * DAY_MS)
    posts = [
        note(1, "<p>After the account was made</p>", at=iso_ms(now_ms + DAY_MS)),
        note(2, "<p>Long before</p>"),
    ]
    native = (await ani.post("/api/v1/statuses", json={"status": MILD})).json()
    await bring(house, ani, "archive", zipped(files_of(posts)))
    bob = await house.site.member("bob")
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    made = (await bob.post("/api/v1/lists", json={"title": "One"})).json()
    await bob.post(f"/api/v1/lists/{made['id']}/accounts", json={"account_ids": [str(ani.id)]})
    await house.settle()
    for path in ("/api/v1/timelines/home", f"/api/v1/timelines/list/{made['id']}"):
        shown = (await bob.get(path)).json()
        assert [post["id"] for post in shown] == [native["id"]], path
        older = (await bob.get(f"{path}?max_id={native['id']}")).json()
        assert older == [], path
    assert len(await page_of(bob, ani)) == 3
    assert sum(is_imported(int(post["id"])) for post in await page_of(bob, ani)) == 2


@pytest.mark.parametrize(
    ("at", "code"),
    [("2999-01-01T00:00:00Z", "date_in_future"), ("1969-12-31T00:00:00Z", "date_too_early")],
)
async def test_dates_that_cannot_be_are_refused(house, ani, at, code):
    done = await bring(house, ani, "archive", zipped(files_of([note(1, at=at)])))
    assert done["refused"] == {code: 1}


async def test_too_long_a_post_is_refused_and_a_longer_one_than_ours_is_kept(house, ani):
    posts = [note(1, f"<p>{'long ' * 1_000}</p>"), note(2, f"<p>{'longer ' * 4_000}</p>")]
    done = await bring(house, ani, "archive", zipped(files_of(posts)))
    assert (done["brought"], done["refused"]) == (1, {"text_too_large": 1})


async def test_an_answer_that_claims_to_be_older_than_its_post_is_a_post_of_its_own(house, ani):
    posts = [
        note(1, at="2021-05-02T00:00:00Z"),
        note(2, at="2021-05-01T00:00:00Z", inReplyTo=archives.uri(1)),
    ]
    await bring(house, ani, "archive", zipped(files_of(posts)))
    older = (await page_of(ani, ani))[-1]
    assert older["in_reply_to_id"] is None
    assert archives.uri(1) in older["content"]


async def test_nobody_is_answered_with_an_old_date(house, ani):
    bob = await house.site.member("bob")
    theirs = (await bob.post("/api/v1/statuses", json={"status": MILD})).json()
    now = iso_ms(house.world.now_ms())
    done = await bring(
        house, ani, "archive", zipped(files_of([note(1, at=now, inReplyTo=theirs["uri"])]))
    )
    assert done["brought"] == 1
    assert (await page_of(ani, ani))[0]["in_reply_to_id"] is None


# taking everything along


async def archive_of(house: Courthouse, member: Member) -> dict[str, bytes]:
    """Ask for an archive, open it by its link; its files."""
    asked = await member.post(EXPORTS)
    assert asked.status_code == 202, asked.text
    await house.settle()
    row = (await member.get(f"{EXPORTS}/{asked.json()['id']}")).json()
    assert row["state"] == "ready", row
    link = await member.post(f"{EXPORTS}/{row['id']}/link", json={"password": "correct horse"})
    assert link.status_code == 200, link.text
    answer = await house.site.client.get(link.json()["url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/gzip"
    assert len(answer.content) == row["size"]
    assert (await house.site.client.get(link.json()["url"])).status_code == 404
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        return {
            info.name: file.read()
            for info in archive
            if (file := archive.extractfile(info)) is not None
        }


async def say(house: Courthouse, member: Member, **body) -> dict:
    house.site.clock.advance(1_000)
    answer = await member.post("/api/v1/statuses", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def a_life(house: Courthouse, member: Member) -> list[dict]:
    """Posts of every kind, the oldest first."""
    sent = await member.post(
        "/api/v2/media", files={"file": ("a.png", files.picture())}, data={"description": "Hill"}
    )
    bodies = [
        {"status": "First post, 1 < 2 & more #Tag", "language": "en"},
        {"status": "With a picture", "media_ids": [sent.json()["id"]], "sensitive": True},
        {"status": "Warned </b> here", "spoiler_text": "a <b> & c </b>"},
        {"status": "For followers", "visibility": "private"},
        {"status": "Quiet\n\nin parts\nand lines", "visibility": "unlisted"},
        {"status": "@bob only you", "visibility": "direct"},
    ]
    made = [await say(house, member, **body) for body in bodies]
    answer = {"status": "An answer to myself", "in_reply_to_id": made[0]["id"]}
    return [*made, await say(house, member, **answer)]


async def test_an_archive_holds_everything_that_is_ones_own(house, ani):
    bob = await house.site.member("bob")
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    await a_life(house, ani)
    theirs = await say(house, bob, status=MILD)
    for act in ("favourite", "bookmark", "reblog"):
        (await ani.post(f"/api/v1/statuses/{theirs['id']}/{act}")).raise_for_status()
    await house.settle()
    there = await archive_of(house, ani)
    outbox = json.loads(there["outbox.json"])
    assert outbox["totalItems"] == len(outbox["orderedItems"]) == 8
    assert json.loads(there["likes.json"])["orderedItems"] == [theirs["uri"]]
    assert there["bookmarks.csv"].decode().strip() == theirs["uri"]
    assert b"bob@venire.test" in there["following_accounts.csv"]
    assert json.loads(there["actor.json"])["id"].endswith("/users/ani")
    assert json.loads(there["data/accounts.jsonl"])["username"] == "ani"


_SAME = ("created_at", "content", "spoiler_text", "sensitive", "visibility", "language")


async def test_what_goes_out_comes_in_elsewhere_as_it_was(house, ani, tmp_path):
    bob = await house.site.member("bob")
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    made = await a_life(house, ani)
    await house.settle()
    taken = await archive_of(house, ani)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with open_courthouse(elsewhere) as other:
        # Another site, at another address and a later day.
        for name, value in (("domain", "new.test"), ("base_url", "http://new.test")):
            object.__setattr__(other.world.site, name, value)
        other.site.clock.advance(400 * DAY_MS)
        mover = await other.site.member("ani_again")
        done = await bring(other, mover, "archive", zipped(taken))
        assert (done["brought"], done["media"]) == (6, 1)
        assert done["skipped"] == {"direct_message": 1}
        there = list(reversed(await page_of(mover, mover)))
        kept = [post for post in made if post["visibility"] != "direct"]
        for old, new in zip(kept, there, strict=True):
            new["content"] = new["content"].replace("http://new.test/", "http://venire.test/")
            assert {name: new[name] for name in _SAME} == {name: old[name] for name in _SAME}
        assert there[-1]["in_reply_to_id"] == there[0]["id"]
        (picture,) = there[1]["media_attachments"]
        assert picture["description"] == "Hill"
        source = await mover.get(f"/api/v1/statuses/{there[2]['id']}/source")
        assert source.json()["text"] == "Warned </b> here"
        waiting = await mover.get(f"{EXPORTS}/files/following_accounts.csv")
        assert "bob@venire.test" in waiting.text


async def test_an_archive_is_opened_only_with_the_password_and_by_its_owner(house, ani):
    asked = (await ani.post(EXPORTS)).json()
    await house.settle()
    path = f"{EXPORTS}/{asked['id']}/link"
    assert (await ani.post(path, json={"password": "wrong"})).status_code == 403
    assert (await ani.post(path, json={})).status_code == 422
    bob = await house.site.member("bob")
    assert (await bob.get(f"{EXPORTS}/{asked['id']}")).status_code == 404
    assert (await bob.post(path, json={"password": "correct horse"})).status_code == 404
    assert (await house.site.client.get(f"{EXPORTS}/open/guessed")).status_code == 404
    link = (await ani.post(path, json={"password": "correct horse"})).json()["url"]
    house.site.clock.advance(DAY_MS)
    assert (await house.site.client.get(link)).status_code == 404


async def test_an_archive_is_gone_after_a_week(house, ani):
    asked = (await ani.post(EXPORTS)).json()
    await house.settle()
    assert objects(house)
    house.site.clock.advance(8 * DAY_MS)
    await house.settle()
    row = (await ani.get(f"{EXPORTS}/{asked['id']}")).json()
    assert row["state"] == "gone"
    assert not objects(house)
    sent = await ani.post(f"{EXPORTS}/{asked['id']}/link", json={"password": "correct horse"})
    assert (sent.status_code, sent.json()["code"]) == (410, "export_gone")


async def test_asking_again_while_one_is_made_is_the_same_one(ani):
    first, again = (await ani.post(EXPORTS)).json(), (await ani.post(EXPORTS)).json()
    assert first["id"] == again["id"]
    assert len((await ani.get(EXPORTS)).json()["archives"]) == 1
