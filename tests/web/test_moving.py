"""Moving with a browser and no script: bring along, take along, say where one went."""

from __future__ import annotations

import io
import re
import tarfile

import pytest

from tests.posts.moving.archives import files_of, note, zipped

pytestmark = pytest.mark.anyio
PLACE = "/settings/moving"


async def send(browser, path, fields, file=None, status=303):
    """Send a form of the page as it stands, with a file."""
    page = (await browser.get(PLACE)).text
    token = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)[1]
    files = None if file is None else {"data": file}
    answer = await browser.client.post(
        f"{PLACE}/{path}", data={"form_token": token, **fields}, files=files
    )
    assert answer.status_code == status, answer.text
    return answer


@pytest.fixture
async def ayu(town):
    return await town.member("ayu")


async def test_a_file_is_brought_along_and_the_page_says_what_became_of_it(town, ayu):
    await town.member("bo")
    content = b"bo\nfar@elsewhere.example\nnobody\n"
    await send(ayu, "bring", {"kind": "following", "mode": "merge"}, ("f.csv", content))
    assert "Being brought in" in await ayu.text(PLACE)
    await town.house.settle()
    page = await ayu.text(PLACE)
    for said in (
        "Done",
        "Brought along: 1",
        "Waiting, since this site does not speak with other sites yet: 1",
        "Nobody here has this name: 1",
    ):
        assert said in page, said
    failures = re.search(rf'href="({PLACE}/failures/\d+)"', (await ayu.get(PLACE)).text)[1]
    rows = await ayu.client.get(failures)
    assert "account_unknown,nobody" in rows.text
    taken = await ayu.client.get(f"{PLACE}/files/following_accounts.csv")
    assert "bo@venire.test,true,false," in taken.text
    assert taken.headers["content-disposition"].startswith("attachment")
    assert taken.headers["cache-control"] == "no-store"


async def test_an_archive_is_brought_along_and_shown_by_date(town, ayu):
    content = zipped(files_of([note(1, "<p>Long ago</p>")]))
    await send(ayu, "bring", {"kind": "archive"}, ("a.zip", content))
    await town.house.settle()
    page = (await ayu.get("/@ayu")).text
    assert "Long ago" in page
    assert "2021-03-02T08:01:00.000Z" in page


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize(
    ("fields", "file", "status", "said"),
    [
        ({"kind": "archive"}, ("a.zip", b"PK\x03\x04junk"), 422, "This archive cannot be read"),
        ({"kind": "following"}, ("f.csv", b""), 422, "This file has no rows"),
        ({"kind": "votes"}, ("f.csv", b"x"), 422, "Choose a file and what it is."),
        ({"kind": "archive"}, None, 422, "Choose a file and what it is."),
    ],
)
async def test_what_cannot_be_read_is_said_in_the_readers_language(
    town, *, language, fields, file, status, said
):
    from venire.kernel.i18n import translate

    browser = await town.member("ayu", language=language)
    answer = await send(browser, "bring", fields, file, status)
    assert translate(language, said) in answer.text
    assert "Traceback" not in answer.text


async def test_everything_is_taken_along_for_the_password(town, ayu):
    await town.post("ayu", "Something of mine.")
    await send(ayu, "ask", {})
    await town.house.settle()
    page = (await ayu.get(PLACE)).text
    assert "Ready" in page
    export = re.search(r'name="export" value="(\d+)"', page)[1]
    wrong = await send(ayu, "archive", {"export": export, "password": "no"}, status=403)
    assert "Wrong name or password" in wrong.text
    given = {"export": export, "password": "correct horse"}
    answer = await send(ayu, "archive", given, status=200)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        assert b"Something of mine." in archive.extractfile("outbox.json").read()
    other = await town.member("bo")
    await send(other, "archive", given, status=404)


async def test_an_import_is_stopped(town, ayu):
    content = "\n".join(f"n{number}@x.example" for number in range(200)).encode()
    await send(ayu, "bring", {"kind": "blocking"}, ("f.csv", content))
    number = re.search(r'name="import" value="(\d+)"', (await ayu.get(PLACE)).text)[1]
    await send(ayu, "stop", {"import": number})
    await town.house.settle()
    page = await ayu.text(PLACE)
    assert "You stopped it. What it brought stays." in page
    assert 'name="import"' not in page


async def test_a_move_is_said_and_taken_back(town, ayu):
    new = await town.member("ayu_new")
    await send(new, "alias", {"alias": "@ayu@venire.test"})
    assert "http://venire.test/users/ayu" in await new.text(PLACE)
    refused = await send(ayu, "move", {"target": "nobody", "password": "correct horse"}, status=404)
    assert "Nobody here has this name." in refused.text
    await send(ayu, "move", {"target": "ayu_new", "password": "wrong"}, status=403)
    await send(ayu, "move", {"target": "ayu_new", "password": "correct horse"})
    assert "Your profile says that you moved to @ayu_new." in await ayu.text(PLACE)
    await send(ayu, "move", {"stay": "1"})
    assert "Say that I moved" in await ayu.text(PLACE)
    await send(new, "alias", {"alias": "http://venire.test/users/ayu", "gone": "1"})
    assert "http://venire.test/users/ayu" not in await new.text(PLACE)


async def test_a_stranger_and_a_foreign_form_get_nothing(town, ayu):
    stranger = await town.stranger()
    assert (await stranger.client.get(f"{PLACE}/files/lists.csv")).status_code == 303
    answer = await ayu.client.post(
        f"{PLACE}/bring",
        data={"kind": "archive"},
        files={"data": ("a.zip", b"x")},
        headers={"origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert (await ayu.client.get(f"{PLACE}/files/../../etc")).status_code == 404
    assert (await ayu.client.get(f"{PLACE}/files/votes.csv")).status_code == 404
