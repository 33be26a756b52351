"""Notices with everything wrong that can be: each item says what became of it, none is lost."""

from __future__ import annotations

import asyncio
import codecs
import json
import threading
import time

import pytest

from tests.flows.desk import HEAD, png
from tests.kit.courthouse import MILD
from venire.kernel.errors import Unavailable
from venire.notices import actions, intake
from venire.notices.attachments import PartFiles, memory_file
from venire.notices.model import SourceFile
from venire.storage.tables.notices import NOTICE_ITEMS, NOTICE_REFERENCES, NOTICES

pytestmark = pytest.mark.anyio

QUOTED = "The bridge over the northern canal stays closed for painting until next Friday."
DASHED = "Jembatan di utara kota ditutup untuk dicat – sampai hari Jumat."
MEBIBYTE = 1 << 20


async def rows_of(desk, table):
    rows, _ = await desk.house.site.storage.scan(table)
    return rows


def bad_files():
    return [
        ("broken.png", png()[:45]),
        ("huge.png", png(padding=50 * MEBIBYTE)),
        ("bomb.png", png(60_000, 60_000)),
        ("../secret.png", png()),
        ("unasked.png", png()),
    ]


async def test_each_bad_item_has_its_own_state_and_the_rest_goes_on(desk):
    author = await desk.house.site.member("author")
    stranger = await desk.house.site.member("stranger")
    by_text = await desk.house.post(author, QUOTED)
    by_url = await desk.house.post(author, MILD)
    items = [
        {"n": 1, "screenshot": "gone.png"},
        {"n": 2, "screenshot": "broken.png"},
        {"n": 3, "screenshot": "huge.png"},
        {"n": 4, "screenshot": "bomb.png"},
        {"n": 5, "screenshot": "../secret.png"},
        {"n": 6, "screenshot": "/etc/passwd"},
        {"n": 7, "url": "https://another.example/@author/7"},
        {"n": 8, "text": " \n"},
        {"n": 9},
        "not even an object",
        {"n": 11, "url": desk.url(author, "1")},
        {"n": 12, "text": "Nothing like this was ever said by anyone on this site, not once."},
        {"n": 13, "text": QUOTED},
        {"n": 14, "url": desk.url(author, by_url)},
        {"n": 15, "text": QUOTED},
    ]
    ref = await desk.send(items, bad_files())
    states = await desk.states(ref)
    assert states == {
        1: "missing_file",
        2: "broken_image",
        3: "too_large",
        4: "too_large",
        5: "path_outside",
        6: "path_outside",
        7: "foreign",
        8: "empty_text",
        9: "bad_row",
        10: "bad_row",
        11: "not_found",
        12: "not_found",
        13: "held",
        14: "held",
        15: "duplicate",
    }
    for post in (by_text, by_url):
        assert not await desk.shown_to(stranger, post)
        assert await desk.shown_to(author, post)
    items = {item["n"]: item for item in (await desk.show(ref))["items"]}
    assert (items[13]["posts"], items[14]["posts"]) == ([by_text], [by_url])
    assert items[15]["duplicate_of"] == 13
    assert "another.example" in items[7]["searched"]


async def test_a_folder_is_imported_whatever_lies_in_it(desk, tmp_path):
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, QUOTED)
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    folder = tmp_path / "notice"
    folder.mkdir()
    (folder / "link.png").symlink_to(secret)
    (folder / "inside.png").symlink_to(folder / "broken.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n what is this")
    (folder / "empty.png").touch()
    (folder / "folder.png").mkdir()
    with (folder / "huge.png").open("wb") as huge:
        huge.truncate(50 * MEBIBYTE)
    names = ["link.png", "inside.png", "../secret.png", str(secret), "gone.png", "folder.png"]
    names += ["huge.png", "broken.png", "empty.png", "..\\secret.png", "C:secret.png"]
    items = [{"n": n, "screenshot": name} for n, name in enumerate(names, start=1)]
    items.append({"n": 99, "text": QUOTED})
    (folder / "notice.json").write_text(json.dumps({**HEAD, "items": items}))
    states = await desk.states((await desk.receive(folder)).id)
    assert states == {
        **dict.fromkeys((1, 2, 3, 4, 10, 11), "path_outside"),
        **dict.fromkeys((5, 6), "missing_file"),
        7: "too_large",
        **dict.fromkeys((8, 9), "broken_image"),
        99: "held",
    }
    assert (await desk.house.case_on(post)).hold == "held"


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-be"),
    ],
    ids=["utf-8 with a mark", "utf-16", "utf-16-be without a mark"],
)
async def test_a_sheet_in_any_encoding_holds_what_it_names(desk, encode):
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, DASHED)
    sheet = (
        "n,url,text,screenshot,category,note\r\n"
        f'1,,"{DASHED}",,incitement,\r\n'
        "2,,,gone.png,,\r\n"
        '3,"broken,"row,,,,,,\r\n'
        "4,https://another.example/1,,,,é\r\n"
    )
    answer = await desk.upload(encode(sheet), name="notice.csv")
    assert answer.status_code == 202, answer.text
    await desk.house.settle()
    states = await desk.states(answer.json()["ref"])
    assert states == {1: "held", 2: "missing_file", 3: "bad_row", 4: "foreign"}
    assert (await desk.house.case_on(post)).hold == "held"


async def test_ten_thousand_items_are_each_answered_and_the_site_goes_on_answering(desk):
    author = await desk.house.site.member("author")
    posts = [await desk.house.post(author, MILD) for _ in range(3)]
    items = [{"n": n, "url": f"https://another.example/{n}"} for n in range(1, 9_001)]
    items += [{"n": n, "text": f"nothing of number {n} is here"} for n in range(9_001, 9_201)]
    items += [
        {"n": n, "url": f"{desk.url(author, posts[n % 3])}?copy={n}"} for n in range(9_201, 10_001)
    ]
    waited, stop = [], asyncio.Event()

    async def ask():
        while not stop.is_set():
            began = time.perf_counter()
            assert (await desk.house.site.client.get("/health")).status_code == 200
            waited.append(time.perf_counter() - began)
            await asyncio.sleep(0.01)

    asking = asyncio.create_task(ask())
    began = time.perf_counter()
    ref = await desk.send(items)
    took = time.perf_counter() - began
    stop.set()
    await asking
    assert took < 60
    assert max(waited) < 1
    shown = await desk.show(ref)
    assert len(shown["items"]) == 10_000
    states = list((await desk.states(ref)).values())
    assert states.count("foreign") == 9_000
    assert states.count("not_found") == 200
    assert states.count("awaiting_confirmation") == 800
    assert shown["state"] == "awaiting_confirmation"
    assert shown["needs_confirmation"]


async def test_the_same_notice_twice_is_one_notice_and_nothing_is_done_twice(desk):
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, QUOTED)
    first = await desk.send([{"n": 1, "text": QUOTED}])
    before = await desk.house.court.sequencer.size()
    again = await desk.send([{"n": 1, "text": QUOTED}])
    assert again == first
    assert await desk.house.court.sequencer.size() == before
    assert len((await desk.operator.get("/api/v1/notices")).json()) == 1
    assert (await desk.house.case_on(post)).hold == "held"


async def test_the_same_notice_twice_at_once_is_one_notice(desk):
    author = await desk.house.site.member("author")
    await desk.house.post(author, QUOTED)
    document = {**HEAD, "items": [{"n": 1, "text": QUOTED}]}
    answers = await asyncio.gather(*(desk.upload(document) for _ in range(4)))
    assert len({answer.json()["ref"] for answer in answers}) == 1
    await desk.house.settle()
    assert await desk.states(answers[0].json()["ref"]) == {1: "held"}
    assert len(await rows_of(desk, NOTICE_ITEMS)) == 1


async def test_a_slow_second_sending_does_not_undo_what_the_desk_has_done(desk):
    author = await desk.house.site.member("author")
    await desk.house.post(author, QUOTED)
    world, go_on = desk.house.world, threading.Event()
    document = {**HEAD, "items": [{"n": 1, "text": QUOTED}, {"n": 2, "screenshot": "a.png"}]}
    content = json.dumps(document).encode()

    def read() -> bytes:
        assert go_on.wait(30)
        return b"no picture"

    async def receive(file):
        parsed = intake.parse_document(content, now_ms=world.now_ms(), files=PartFiles([file]))
        return await actions.receive(
            world,
            desk.house.court.objects,
            desk.house.court.policy.notices,
            actions.Delivery(parsed, content, PartFiles([file])),
            actions.Sender("", verified=True, posts_per_day=0),
        )

    slow = asyncio.create_task(receive(SourceFile("a.png", 10, read)))
    await asyncio.sleep(0.05)
    kept = await receive(memory_file("a.png", b"no picture"))
    await desk.house.settle()
    expected = {1: "held", 2: "broken_image"}
    assert await desk.states(kept.id) == expected
    go_on.set()
    assert (await slow).id == kept.id
    await desk.house.settle()
    assert await desk.states(kept.id) == expected
    assert len(await rows_of(desk, NOTICE_ITEMS)) == 2


class Stuck:
    """A search index that answers so often, and then no more."""

    def __init__(self, index, answers):
        self._index, self._answers = index, answers

    def __getattr__(self, name):
        return getattr(self._index, name)

    async def candidates(self, *asked):
        self._answers -= 1
        if self._answers < 0:
            await asyncio.Event().wait()
        return await self._index.candidates(*asked)


async def test_a_desk_that_is_stopped_half_way_goes_on_with_what_is_left(desk):
    author = await desk.house.site.member("author")
    post = await desk.house.post(author, QUOTED)
    items = [{"n": 1, "text": QUOTED}]
    items += [{"n": n, "text": f"nothing of number {n} is here"} for n in range(2, 41)]
    ref = (await desk.upload({**HEAD, "items": items})).json()["ref"]
    index = desk.house.court.search
    object.__setattr__(desk.house.court, "search", Stuck(index, 40))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await desk.house.settle()
    left = list((await desk.states(ref)).values()).count("received")
    assert 0 < left < 39
    object.__setattr__(desk.house.court, "search", index)
    await desk.house.settle()
    states = await desk.states(ref)
    assert states.pop(1) == "held"
    assert set(states.values()) == {"not_found"}
    assert (await desk.house.case_on(post)).sources == ("notice",)


async def test_a_notice_that_could_not_be_kept_whole_is_taken_when_it_comes_again(desk, tmp_path):
    author = await desk.house.site.member("author")
    await desk.house.post(author, QUOTED)
    world, court = desk.house.world, desk.house.court
    content = json.dumps({**HEAD, "items": [{"n": 1, "text": QUOTED}]}).encode()
    parsed = intake.parse_document(content, now_ms=world.now_ms())

    class FullDisk:
        async def put(self, _content):
            raise Unavailable("objects_failing")

    delivery = actions.Delivery(parsed, content, PartFiles())
    sender = actions.Sender("", verified=True, posts_per_day=0)
    with pytest.raises(Unavailable):
        await actions.receive(world, FullDisk(), court.policy.notices, delivery, sender)
    assert (await desk.operator.get("/api/v1/notices")).json() == []
    ref = await desk.send([{"n": 1, "text": QUOTED}])
    assert await desk.states(ref) == {1: "held"}


async def test_a_file_that_vanishes_while_it_is_read_is_missing_and_the_rest_goes_on(desk):
    author = await desk.house.site.member("author")
    await desk.house.post(author, QUOTED)
    world, court = desk.house.world, desk.house.court

    def read() -> bytes:
        raise FileNotFoundError("a.png")

    files = PartFiles([SourceFile("a.png", 10, read)])
    content = json.dumps(
        {**HEAD, "items": [{"n": 1, "screenshot": "a.png"}, {"n": 2, "text": QUOTED}]}
    ).encode()
    parsed = intake.parse_document(content, now_ms=world.now_ms(), files=files)
    kept = await actions.receive(
        world,
        court.objects,
        court.policy.notices,
        actions.Delivery(parsed, content, files),
        actions.Sender("", verified=True, posts_per_day=0),
    )
    await desk.house.settle()
    assert await desk.states(kept.id) == {1: "missing_file", 2: "held"}


@pytest.mark.parametrize(
    ("document", "name", "code"),
    [
        (b'{"items": [', "notice.json", "notice_not_json"),
        (b"[" * 100_000, "notice.json", "notice_not_json"),
        (b"\xff\xfe{", "notice.json", "notice_encoding"),
        (b"", "notice.json", "notice_not_json"),
        (b"null", "notice.json", "notice_not_an_object"),
        (b'{"items": {"n": 1}}', "notice.json", "notice_items_not_a_list"),
        (b"a,b\n1,2\n", "notice.csv", "notice_csv_header"),
        (b'{"items": [' + b'{"n":1},' * 20_000 + b'{"n":1}]}', "n.json", "notice_too_many_items"),
        (b" " * (16 * MEBIBYTE + 1), "notice.json", "notice_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_document_that_cannot_be_read_is_refused_and_nothing_is_kept(
    desk, document, name, code
):
    answer = await desk.upload(document, name=name)
    status = 413 if code.startswith("notice_too") else 422
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    for table in (NOTICES, NOTICE_ITEMS, NOTICE_REFERENCES):
        assert not await rows_of(desk, table)


async def test_a_body_without_a_notice_in_it_is_refused(desk):
    operator = desk.operator
    for sent in (
        {"json": HEAD},
        {"content": b"x", "headers": {**operator.headers, "content-type": "multipart/form-data"}},
        {"files": [("file0", ("a.png", png()))]},
    ):
        headers = sent.pop("headers", operator.headers)
        answer = await desk.house.site.client.post("/api/v1/notices", headers=headers, **sent)
        assert answer.status_code in {400, 422}
        assert answer.json()["code"] in {"notice_part_missing", "malformed_multipart"}
    assert not await rows_of(desk, NOTICES)


async def test_the_notice_may_be_a_plain_field_of_the_form(desk):
    document = json.dumps({**HEAD, "items": [{"n": 1, "screenshot": "a.png"}]})
    answer = await desk.operator.post(
        "/api/v1/notices", data={"notice": document}, files=[("file0", ("b.png", png()))]
    )
    assert answer.status_code == 202, answer.text
    await desk.house.settle()
    assert await desk.states(answer.json()["ref"]) == {1: "missing_file"}


async def test_only_operators_send_more_than_16_megabytes(desk):
    member = await desk.house.site.member("member")
    document = {**HEAD, "items": [{"n": 1, "screenshot": "a.png"}]}
    files = [("a.png", png(padding=15 * MEBIBYTE)), ("b.png", png(padding=2 * MEBIBYTE))]
    refused = await desk.upload(document, files, sender=member)
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert refused.json()["details"]["limit"] == 16 * MEBIBYTE
    assert not await rows_of(desk, NOTICES)
    for role in ("moderator", "admin"):
        operator = await desk.house.site.member(role, role=role)
        answer = await desk.upload({**document, "reference": role}, files, sender=operator)
        assert answer.status_code == 202
    nobody = await desk.house.site.client.post("/api/v1/notices", files=[("notice", b"{}")])
    assert nobody.status_code == 401
