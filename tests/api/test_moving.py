"""Files of ties and the notice of a move, through the public API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.movers import bring, objects, refused, taken
from tests.kit.courthouse import MILD, Courthouse, open_courthouse
from tests.kit.site import Member
from venire.posts.moving import csvs

pytestmark = pytest.mark.anyio
IMPORTS = "/api/v1/imports"


@pytest.fixture
async def house(tmp_path: Path):
    async with open_courthouse(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ani(house: Courthouse) -> Member:
    return await house.site.member("ani")


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
