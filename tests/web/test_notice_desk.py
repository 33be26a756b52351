"""The notice desk: taking in, following, confirming, choosing, releasing, replying."""

from __future__ import annotations

import io
import json
import re

import pytest
from PIL import Image

from tests.kit.courthouse import THREAT
from tests.web.browser import words_of

pytestmark = pytest.mark.anyio


def _picture(colour: str = "white") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(kept, "PNG")
    return kept.getvalue()


def _document(items, **more) -> bytes:
    head = {"provider": "aws", "reference": "T-1", "kind": "items", "category": "violence"}
    return json.dumps({**head, **more, "items": items}).encode()


async def _take_in(town, desk, document: bytes, *files, name: str = "notice.json"):
    parts = [("document", (name, document, "application/json")), *files]
    sent = await desk.send("/notices", "/notices", files=parts)
    await town.house.settle()
    return sent


async def test_a_notice_is_taken_in_and_each_item_says_how_far_it_is(town):
    path = await town.post("rudi", "A plain post about the weather, nothing more to it than that.")
    desk = await town.member("desk", "moderator")
    items = [
        {"n": 1, "url": f"http://venire.test{path}"},
        {"n": 2, "url": "https://elsewhere.example/@x/1"},
        {"n": 3, "screenshot": "gone.png"},
        {"n": 4, "screenshot": "../../etc/passwd"},
        {"n": 5, "text": ""},
        {"n": 6, "text": "Never said by anyone on this site, whatever the sender believes."},
    ]
    sent = await _take_in(town, desk, _document(items))
    seen = await desk.follow(sent)
    assert "The notice has arrived" in seen
    seen = await desk.text(sent.headers["location"].split("?")[0])
    for said in (
        "Hidden, being judged",
        "Of another site",
        "the file it names did not come along",
        "the file name leads outside the notice",
        "it says nothing",
        "Not found",
        "100 %",
    ):
        assert said in seen
    listed = await desk.text("/notices")
    assert "aws" in listed
    assert "6 items" in listed
    one = await desk.text(sent.headers["location"].split("?")[0] + "?state=foreign")
    assert "elsewhere.example" in one
    assert "gone.png" not in one


async def test_the_same_notice_twice_is_one_notice(town):
    desk = await town.member("desk", "moderator")
    document = _document([{"n": 1, "text": "Never said by anyone here, not once."}])
    first = await _take_in(town, desk, document)
    second = await _take_in(town, desk, document)
    assert first.headers["location"] == second.headers["location"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"{", "notice_not_json"),
        (b"[]", "notice_not_an_object"),
        (b'{"items": 3}', "notice_items_not_a_list"),
        (b"", "notice_missing"),
    ],
)
async def test_a_document_that_cannot_be_read_says_why(town, document, code):
    desk = await town.member("desk", "moderator")
    sent = await _take_in(town, desk, document)
    assert sent.status_code == 422
    assert code in sent.text


async def test_a_form_without_a_document_says_so(town):
    desk = await town.member("desk", "moderator")
    sent = await desk.send("/notices", "/notices", files=[("files", ("x.png", b"x"))])
    assert "notice_missing" in sent.text


async def test_a_large_notice_hides_nothing_before_a_person_confirms_it(town):
    path = await town.post("rudi", "A plain post about the weather, nothing more to it than that.")
    desk = await town.member("desk", "moderator")
    items = [{"n": 1, "url": f"http://venire.test{path}"}]
    items += [{"n": n, "url": f"https://elsewhere.example/{n}"} for n in range(2, 502)]
    sent = await _take_in(town, desk, _document(items))
    address = sent.headers["location"].split("?")[0]
    assert "Nothing is hidden before a person confirms this notice" in await desk.text(address)
    stranger = await town.stranger()
    await stranger.get(path)
    assert "from=100" in (await desk.get(address)).text
    assert ">201<" in (await desk.get(f"{address}?from=200")).text
    confirmed = await desk.send(address, f"{address}/confirm")
    await town.house.settle()
    assert "Confirmed." in await desk.follow(confirmed)
    await stranger.get(path, 404)


async def test_a_person_says_which_post_an_item_means(town):
    path = await town.post("rudi", "A plain post about the weather, nothing more to it than that.")
    private = await town.post("rudi", "For followers.", visibility="private")
    desk = await town.member("desk", "moderator")
    items = [{"n": 1, "text": "Never said by anyone here, not once."}]
    sent = await _take_in(town, desk, _document(items))
    address = sent.headers["location"].split("?")[0]
    item = f"{address}/items/1"
    nothing = await desk.send(item, f"{item}/choose")
    assert "choice_missing" in nothing.text
    hidden = await desk.send(item, f"{item}/choose", address=f"http://venire.test{private}")
    assert hidden.status_code == 404
    guessed = await desk.send(item, f"{item}/choose", posts=path.rsplit("/", 1)[1])
    assert "parameter_invalid" in guessed.text
    chosen = await desk.send(item, f"{item}/choose", address=f"http://venire.test{path}")
    assert "Noted." in await desk.follow(chosen)
    await town.house.settle()
    assert "Hidden, being judged" in await desk.text(address)
    again = await desk.client.get(item)
    assert f'action="{item}/choose"' not in again.text


async def test_a_screenshot_is_shown_as_a_picture_and_nothing_else(town):
    desk = await town.member("desk", "moderator")
    items = [{"n": 1, "screenshot": "a.png"}, {"n": 2, "screenshot": "b.png"}]
    files = [
        ("files", ("a.png", _picture(), "image/png")),
        ("files", ("b.png", b"<html><script>alert(1)</script>", "image/png")),
    ]
    sent = await _take_in(town, desk, _document(items), *files)
    address = sent.headers["location"].split("?")[0]
    shown = await desk.client.get(f"{address}/items/1/picture")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    await desk.get(f"{address}/items/2/picture", 404)
    member = await town.member("ayu")
    await member.get(f"{address}/items/1/picture", 403)


async def test_nothing_of_child_abuse_is_shown_to_anyone(town):
    chief = await town.member("chief", "admin")
    items = [{"n": 1, "screenshot": "a.png"}, {"n": 2, "text": "some words of it, five at least"}]
    files = [("files", ("a.png", _picture(), "image/png"))]
    sent = await _take_in(town, chief, _document(items, category="csam"), *files)
    address = sent.headers["location"].split("?")[0]
    for page in (address, f"{address}/items/1", f"{address}/items/2"):
        text = (await chief.get(page)).text
        assert "<img" not in text
        assert "some words" not in text
    await chief.get(f"{address}/items/1/picture", 404)


async def test_a_disputed_post_is_shown_again_by_name_and_with_reasons(jury_town):
    path = await jury_town.post("rudi", THREAT)
    desk = await jury_town.member("desk", "moderator")
    items = [{"n": 1, "url": f"http://venire.test{path}"}]
    sent = await _take_in(jury_town, desk, _document(items))
    await jury_town.house.vote("keeps")
    address = sent.headers["location"].split("?")[0]
    item = f"{address}/items/1"
    assert "Disputed" in await desk.text(item)
    silent = await desk.send(item, f"{item}/release")
    assert "reason_missing" in silent.text
    released = await desk.send(item, f"{item}/release", reason="A quotation from a play.")
    await jury_town.house.settle()
    assert "Released." in await desk.follow(released)
    stranger = await jury_town.stranger()
    assert "traitors" in await stranger.text(path)


async def test_the_reply_pack_can_be_taken_file_by_file(town):
    desk = await town.member("desk", "moderator")
    items = [{"n": 1, "url": "https://elsewhere.example/@x/1"}]
    sent = await _take_in(town, desk, _document(items))
    address = sent.headers["location"].split("?")[0]
    names = re.findall(rf'href="({address}/reply/[^"]+)"', (await desk.get(address)).text)
    assert {name.rsplit(".", 1)[1] for name in names} == {"txt", "csv", "json"}
    for name in names:
        file = await desk.client.get(name)
        assert file.status_code == 200
        assert file.headers["content-disposition"].startswith("attachment")
        assert "elsewhere.example" in file.text
    await desk.get(f"{address}/reply/passwd", 404)


async def test_notices_and_items_that_are_not_there_are_not_found(town):
    desk = await town.member("desk", "moderator")
    for path in ("/notices/1", "/notices/x", "/notices/1/items/1", "/notices/1/reply/reply.txt"):
        response = await desk.client.get(path)
        assert response.status_code == 404
        assert "notice_not_found" in words_of(response.text)
