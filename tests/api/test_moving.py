"""Moving through the public API: what is brought along, what is taken, where somebody went."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.kit.courthouse import MILD, THREAT, Courthouse, open_courthouse
from tests.kit.site import Member
from tests.posts.media import files
from tests.posts.moving import archives
from tests.posts.moving.archives import FOLLOWERS, boost, document, files_of, note, zipped
from venire.kernel.clock import DAY_MS, iso_ms
from venire.kernel.ids import id_ms, is_imported
from venire.posts.moving import csvs

pytestmark = pytest.mark.anyio

IMPORTS, EXPORTS = "/api/v1/imports", "/api/v1/exports"
MEDIUM = "media_attachments/files/1/original/sea.png"


@pytest.fixture
async def house(tmp_path: Path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ani(house: Courthouse) -> Member:
    return await house.site.member("ani")


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


# files of ties


async def test_follows_come_with_their_manner_and_go_out_as_they_came(house, ani):
    for name in ("bob", "cia", "dewi"):
        await house.site.member(name)
    content = (
        b"Account address,Show boosts,Notify on new posts,Languages\n"
        b'bob@venire.test,false,true,"en, de"\n'
        b"cia,true,false,\n"
        b"@Dewi@VENIRE.test,,,\n"
        b"far@elsewhere.example,false,false,\n"
        b"nobody@venire.test,true,false,\n"
        b"ani@venire.test,true,false,\n"
        b"not an address,true,false,\n"
    )
    done = await bring(house, ani, "following", content)
    assert not objects(house), "what was sent is not kept longer than it is needed"
    assert (done["rows"], done["brought"], done["waiting"]) == (7, 3, 1)
    assert done["refused"] == {"account_unknown": 1, "address_invalid": 1}
    assert done["skipped"] == {"oneself": 1}
    lines = await taken(ani, "following")
    assert lines[0] == "Account address,Show boosts,Notify on new posts,Languages"
    assert set(lines[1:]) == {
        'bob@venire.test,false,true,"en, de"',
        "cia@venire.test,true,false,",
        "dewi@venire.test,true,false,",
        "far@elsewhere.example,false,false,",
    }
    failed = await ani.get(f"{IMPORTS}/{done['id']}/failures.csv")
    assert failed.text.splitlines()[0] == "Row,Reason,As it was"
    assert '6,account_unknown,"nobody@venire.test,true,false,"' in failed.text


async def test_a_file_brought_twice_changes_nothing_more(house, ani):
    await house.site.member("bob")
    first = await bring(house, ani, "follows", b"bob@venire.test\nfar@elsewhere.example\n")
    again = await bring(house, ani, "follows", b"bob@venire.test\nfar@elsewhere.example\n")
    assert (first["brought"], again["brought"], again["there"]) == (1, 0, 1)
    assert len(await taken(ani, "following")) == 3


async def test_overwriting_takes_away_what_the_file_does_not_name(house, ani):
    for name in ("bob", "cia"):
        await house.site.member(name)
    await bring(house, ani, "following", b"bob@venire.test\nold@elsewhere.example\n")
    done = await bring(
        house, ani, "following", b"cia@venire.test\nnew@elsewhere.example\n", mode="overwrite"
    )
    assert (done["brought"], done["removed"]) == (1, 2)
    names = {line.split(",")[0] for line in (await taken(ani, "following"))[1:]}
    assert names == {"cia@venire.test", "new@elsewhere.example"}


@pytest.mark.parametrize(
    ("kind", "content", "out"),
    [
        ("blocking", b"bob@venire.test\nfar@elsewhere.example\n", None),
        ("muting", b"Account address,Hide notifications\nbob@venire.test,false\n", None),
        ("lists", b"Friends,bob@venire.test\nFriends,far@elsewhere.example\n", None),
        ("domain_blocking", b"bad.example\nWORSE.example\n", "bad.example\nworse.example\n"),
    ],
)
async def test_each_kind_goes_out_as_it_came(house, ani, kind, content, out):
    await house.site.member("bob")
    done = await bring(house, ani, kind, content)
    assert done["refused"] == {}
    wanted = (out or content.decode()).splitlines()
    assert sorted(await taken(ani, kind)) == sorted(wanted)
    assert (await bring(house, ani, kind, content))["brought"] == 0


@pytest.mark.parametrize("kind", ["blocking", "muting", "lists", "domain_blocking"])
async def test_overwriting_with_one_row_leaves_one_row(house, ani, kind):
    rows = {
        "lists": ["A,bob@venire.test", "B,bob@venire.test", "A,cia@venire.test"],
        "domain_blocking": ["one.example", "two.example"],
        "muting": ["bob@venire.test,true", "cia@venire.test,true", "x@y.example,true"],
    }.get(kind, ["bob@venire.test", "cia@venire.test", "x@y.example"])
    for name in ("bob", "cia"):
        await house.site.member(name)
    await bring(house, ani, kind, "\n".join(rows).encode())
    await bring(house, ani, kind, rows[0].encode(), mode="overwrite")
    assert (await taken(ani, kind))[-1:] == rows[:1]
    header = 1 if kind == "muting" else 0
    assert len(await taken(ani, kind)) == 1 + header


async def test_bookmarks_are_found_by_identity_and_by_page(house, ani):
    bob = await house.site.member("bob")
    one = (await bob.post("/api/v1/statuses", json={"status": MILD})).json()
    two = (await bob.post("/api/v1/statuses", json={"status": f"{MILD} Again."})).json()
    rows = [one["uri"], two["url"], "https://elsewhere.example/@x/1", "no address"]
    done = await bring(house, ani, "bookmarks", "\n".join(rows).encode())
    assert (done["brought"], done["waiting"], done["refused"]) == (2, 1, {"address_invalid": 1})
    kept = (await ani.get("/api/v1/bookmarks")).json()
    assert {post["id"] for post in kept} == {one["id"], two["id"]}
    assert set(await taken(ani, "bookmarks")) == {one["uri"], two["uri"], rows[2]}
    done = await bring(house, ani, "bookmarks", two["url"].encode(), mode="overwrite")
    assert (await ani.get("/api/v1/bookmarks")).json()[0]["id"] == two["id"]
    assert await taken(ani, "bookmarks") == [two["uri"]]


async def test_a_private_post_of_somebody_else_is_no_bookmark(house, ani):
    bob = await house.site.member("bob")
    sent = {"status": MILD, "visibility": "private"}
    one = (await bob.post("/api/v1/statuses", json=sent)).json()
    done = await bring(house, ani, "bookmarks", one["uri"].encode())
    assert done["refused"] == {"record_not_found": 1}


async def test_filters_go_out_and_come_in_as_json(house, ani):
    body = {
        "title": "Spoilers",
        "context": ["home", "public"],
        "filter_action": "hide",
        "keywords_attributes": [{"keyword": "ending", "whole_word": "true"}],
    }
    (await ani.post("/api/v2/filters", json=body)).raise_for_status()
    content = "\n".join(await taken(ani, "filters")).encode()
    bob = await house.site.member("bob")
    done = await bring(house, bob, "filters", content)
    assert done["brought"] == 1
    (there,) = (await bob.get("/api/v2/filters")).json()
    assert (there["title"], there["filter_action"]) == ("Spoilers", "hide")
    assert there["keywords"][0]["keyword"] == "ending"
    assert (await bring(house, bob, "filters", content))["there"] == 1
    gone = [{**json.loads(content)[0], "title": "Other"}]
    await bring(house, bob, "filters", json.dumps(gone).encode(), mode="overwrite")
    assert [one["title"] for one in (await bob.get("/api/v2/filters")).json()] == ["Other"]


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("following", b"", "import_empty"),
        ("following", b"Account address,Show boosts\n", "import_empty"),
        ("following", b"\xff\xfe\x00", "import_unreadable"),
        ("following", b'"open quote', "import_unreadable"),
        ("filters", b"{}", "import_unreadable"),
        ("filters", b"[" * 100_000, "import_unreadable"),
        ("filters", b'[{"title": 5}]', "import_unreadable"),
        ("everything", b"x", "import_kind_unknown"),
        ("archive", b"no archive", "archive_broken"),
    ],
)
async def test_a_file_that_is_not_what_it_is_said_to_be_is_refused(ani, kind, content, code):
    assert await refused(ani, kind, content) == (422, code)
    assert (await ani.get(IMPORTS)).json() == []


async def test_a_request_without_file_or_with_an_odd_mode_is_refused(ani):
    sent = await ani.post(IMPORTS, data={"type": "following"}, files={"other": b"x"})
    assert (sent.status_code, sent.json()["code"]) == (422, "import_missing")
    assert await refused(ani, "following", b"bob", mode="append") == (422, "import_mode_unknown")


async def test_too_large_a_file_is_refused(ani):
    content = b"bob@venire.test\n" * (csvs.ROWS_MOST + 1)
    assert await refused(ani, "following", content) == (413, "import_too_many_rows")
    assert await refused(ani, "following", b"x" * (csvs.FILE_BYTES + 1)) == (
        413,
        "import_too_large",
    )


async def test_nobody_else_sees_or_stops_an_import(house, ani):
    done = await bring(house, ani, "following", b"far@elsewhere.example\n")
    bob = await house.site.member("bob")
    for answer in (
        await bob.get(f"{IMPORTS}/{done['id']}"),
        await bob.get(f"{IMPORTS}/{done['id']}/failures.csv"),
        await bob.delete(f"{IMPORTS}/{done['id']}"),
    ):
        assert answer.status_code == 404
    assert (await bob.get(IMPORTS)).json() == []


async def test_an_import_that_was_stopped_goes_no_further(house, ani):
    content = "\n".join(f"n{number}@elsewhere.example" for number in range(200)).encode()
    sent = await ani.post(IMPORTS, data={"type": "blocking"}, files={"data": ("f", content)})
    stopped = (await ani.delete(f"{IMPORTS}/{sent.json()['id']}")).json()
    assert (stopped["state"], stopped["code"]) == ("failed", "stopped")
    await house.settle()
    assert await taken(ani, "blocking") == []


# archives


async def test_posts_come_with_their_dates_and_are_told_to_nobody(house, ani):
    bob, cia = await house.site.member("bob"), await house.site.member("cia")
    await bob.post(f"/api/v1/accounts/{ani.id}/follow")
    new = (await ani.post("/api/v1/statuses", json={"status": MILD})).json()
    mention = {
        "type": "Mention",
        "href": "http://venire.test/users/cia",
        "name": "@cia@venire.test",
    }
    named = (
        '<p>Hello <a href="http://venire.test/@cia" class="u-url mention">@<span>cia</span></a></p>'
    )
    posts = [
        note(1, "<p>First<br>line two</p><p>Para &amp; more #tag</p>"),
        note(2, "<p>An answer</p>", inReplyTo=archives.uri(1)),
        note(3, "<p>To followers</p>", to=[FOLLOWERS], cc=[]),
        note(4, "<p>Quiet</p>", to=[FOLLOWERS], cc=[archives.EVERYONE]),
        note(5, "<p>Direct</p>", to=["https://other.example/users/x"], cc=[]),
        note(6, "<p>To a stranger</p>", inReplyTo="https://other.example/9"),
        note(7, "<p>Warned</p>", summary="Food", sensitive=True),
        note(8, named, tag=[mention]),
        boost(9),
    ]
    await house.settle()
    before = await house.site.storage.tail(0, 10_000)
    done = await bring(house, ani, "archive", zipped(files_of(posts)))
    assert (done["rows"], done["brought"], done["likes"]) == (7, 7, 1)
    assert done["skipped"] == {"boost": 1, "direct_message": 1}
    told = [one.event for one in await house.site.storage.tail(before[-1].sequence, 10_000)]
    assert not [one for one in told if type(one).__name__ in {"PostCreated", "Notified"}]

    shown = await page_of(ani, ani)
    assert shown[0]["id"] == new["id"]
    dates = [post["created_at"] for post in shown]
    assert dates == sorted(dates, reverse=True)
    assert [int(post["id"]) for post in shown] == sorted(
        (int(post["id"]) for post in shown), reverse=True
    )
    by_text = {post["content"]: post for post in shown}
    first = next(post for text, post in by_text.items() if "First" in text)
    assert first["created_at"] == "2021-03-02T08:01:00.000Z"
    assert first["content"].startswith("<p>First<br>line two</p><p>Para &amp; more ")
    assert [tag["name"] for tag in first["tags"]] == ["tag"]
    answer = next(post for text, post in by_text.items() if "An answer" in text)
    assert (answer["in_reply_to_id"], answer["in_reply_to_account_id"]) == (
        first["id"],
        str(ani.id),
    )
    stranger = next(post for text, post in by_text.items() if "To a stranger" in text)
    assert stranger["in_reply_to_id"] is None
    assert "https://other.example/9" in stranger["content"]
    warned = next(post for text, post in by_text.items() if "Warned" in text)
    assert (warned["spoiler_text"], warned["sensitive"]) == ("Food", True)
    assert {post["visibility"] for post in shown} == {"public", "private", "unlisted"}

    assert (await cia.get("/api/v1/notifications")).json() == []
    assert [post["id"] for post in (await bob.get("/api/v1/timelines/home")).json()] == [new["id"]]
    public = (await bob.get("/api/v1/timelines/public")).json()
    assert [post["id"] for post in public] == [new["id"]]
    me = (await ani.get("/api/v1/accounts/verify_credentials")).json()
    assert me["statuses_count"] == 8
    assert me["last_status_at"] == new["created_at"][:10]
    tagged = (await bob.get("/api/v1/timelines/tag/tag")).json()
    assert [post["id"] for post in tagged] == [first["id"]]


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


async def test_everything_goes_out_and_comes_in_elsewhere_as_it_was(house, ani, tmp_path):
    bob = await house.site.member("bob")
    await ani.post(f"/api/v1/accounts/{bob.id}/follow")
    sent = await ani.post(
        "/api/v2/media", files={"file": ("a.png", files.picture())}, data={"description": "Hill"}
    )
    posts = [
        {"status": "First post, 1 < 2 & more #Tag", "language": "en"},
        {"status": "With a picture", "media_ids": [sent.json()["id"]], "sensitive": True},
        {"status": "Warned </b> here", "spoiler_text": "a <b> & c </b>"},
        {"status": "For followers", "visibility": "private"},
        {"status": "Quiet\n\nin parts\nand lines", "visibility": "unlisted"},
        {"status": "@bob only you", "visibility": "direct"},
    ]
    made = []
    for body in posts:
        house.site.clock.advance(1_000)
        answer = await ani.post("/api/v1/statuses", json=body)
        assert answer.status_code == 200, answer.text
        made.append(answer.json())
    thread = {"status": "An answer to myself", "in_reply_to_id": made[0]["id"]}
    house.site.clock.advance(1_000)
    made.append((await ani.post("/api/v1/statuses", json=thread)).json())
    theirs = (await bob.post("/api/v1/statuses", json={"status": MILD})).json()
    for act in ("favourite", "bookmark", "reblog"):
        (await ani.post(f"/api/v1/statuses/{theirs['id']}/{act}")).raise_for_status()
    await house.settle()
    files_out = await archive_of(house, ani)
    outbox = json.loads(files_out["outbox.json"])
    assert outbox["totalItems"] == 8
    assert json.loads(files_out["likes.json"])["orderedItems"] == [theirs["uri"]]
    assert files_out["bookmarks.csv"].decode().strip() == theirs["uri"]
    assert b"bob@venire.test" in files_out["following_accounts.csv"]
    assert json.loads(files_out["actor.json"])["id"].endswith("/users/ani")
    accounts = json.loads(files_out["data/accounts.jsonl"])
    assert accounts["username"] == "ani"

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with open_courthouse(elsewhere) as other:
        # Another site, at another address and a later day.
        object.__setattr__(other.world.site, "domain", "new.test")
        other.site.clock.advance(400 * DAY_MS)
        mover = await other.site.member("ani_again")
        done = await bring(other, mover, "archive", zipped(files_out))
        assert (done["brought"], done["media"]) == (6, 1)
        assert done["skipped"] == {"boost": 1, "direct_message": 1}
        there = list(reversed(await page_of(mover, mover)))
        kept = [post for post in made if post["visibility"] != "direct"]
        for old, new in zip(kept, there, strict=True):
            for name in (
                "created_at",
                "content",
                "spoiler_text",
                "sensitive",
                "visibility",
                "language",
            ):
                assert new[name] == old[name], name
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


# where somebody went


async def test_a_move_within_the_site_is_shown_once_the_new_account_agrees(house, ani):
    new = await house.site.member("ani_new")
    path = "/api/v1/accounts/move"
    body = {"target": "ani_new", "password": "correct horse"}
    refused = await ani.post(path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "alias_missing")
    aliases = await new.post("/api/v1/accounts/aliases", json={"alias": "@ani@venire.test"})
    assert aliases.json() == ["http://venire.test/users/ani"]
    assert (await ani.post(path, json={**body, "password": "no"})).status_code == 403
    moved = await ani.post(path, json=body)
    assert moved.json()["moved"]["id"] == str(new.id)
    bob = await house.site.member("bob")
    seen = (await bob.get(f"/api/v1/accounts/{ani.id}")).json()
    assert (seen["moved"]["username"], seen["moved"]["moved"]) == ("ani_new", None)
    post = (await ani.post("/api/v1/statuses", json={"status": MILD})).json()
    shown = (await bob.get(f"/api/v1/statuses/{post['id']}")).json()
    assert shown["account"]["moved"]["id"] == str(new.id)
    back = (await ani.delete(path)).json()
    assert back["moved"] is None


async def test_a_move_elsewhere_is_a_line_of_the_note(house, ani):
    body = {"target": "@ani@elsewhere.example", "password": "correct horse"}
    moved = await ani.post("/api/v1/accounts/move", json=body)
    assert moved.json()["moved"] is None
    assert "ani@elsewhere.example" in moved.json()["note"]
    assert moved.json()["source"]["note"] == ""
    gone = await ani.delete("/api/v1/accounts/move")
    assert "elsewhere" not in gone.json()["note"]


@pytest.mark.parametrize("alias", ["", " ", "no handle", "javascript:alert(1)", "a" * 501])
async def test_an_alias_that_is_none_is_refused(ani, alias):
    sent = await ani.post("/api/v1/accounts/aliases", json={"alias": alias})
    assert sent.status_code in {404, 422}
    assert (await ani.get("/api/v1/accounts/aliases")).json() == []


async def test_aliases_are_kept_and_taken_back(ani):
    path = "/api/v1/accounts/aliases"
    for alias in ("@ani@old.example", "https://older.example/users/ani"):
        (await ani.post(path, json={"alias": alias})).raise_for_status()
    assert (await ani.get(path)).json() == ["ani@old.example", "https://older.example/users/ani"]
    left = await ani.delete(path, params={"alias": "@ani@old.example"})
    assert left.json() == ["https://older.example/users/ani"]
