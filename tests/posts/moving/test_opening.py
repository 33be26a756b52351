"""Archives are opened in a child: what they hold, and which ones are refused."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import zipfile

import msgspec
import pytest

from tests.posts.moving import archives
from tests.posts.moving.archives import (
    boost,
    collection,
    document,
    entry,
    files_of,
    note,
    tar_with,
    tarred,
    zipped,
)
from venire.kernel.errors import Problem
from venire.posts.moving.model import BroughtPost, Opened, TieLine
from venire.posts.moving.opening import FAULTS, Bounds, open_archive

pytestmark = pytest.mark.anyio

MEDIUM = "media_attachments/files/109/248/original/sea.png"


async def opened(content: bytes, bounds: Bounds | None = None) -> tuple[Opened, bytes]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        async with open_archive(file, len(content), bounds or Bounds()) as (found, kept):
            kept.seek(0)
            return found, kept.read()


def posts_in(found: Opened, kept: bytes) -> list[BroughtPost]:
    lines = kept[found.start : found.stop].splitlines()
    return [msgspec.json.decode(line, type=BroughtPost) for line in lines]


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w:")])
async def test_posts_come_out_by_date_with_their_media(pack):
    carried = note(7, attachment=[document(f"/{MEDIUM}", name="The sea", focalPoint=[0.5, -0.25])])
    missing = note(9, attachment=[document("/media_attachments/files/1/gone.png")])
    files = files_of([missing, carried, boost(3)])
    files[MEDIUM] = archives.picture()
    found, kept = await opened(pack(files))
    assert (found.posts, found.media, found.media_missing) == (2, 1, 1)
    assert found.skipped == {"boost": 1}
    first, second = posts_in(found, kept)
    assert [first.uri, second.uri] == [archives.uri(7), archives.uri(9)]
    (medium,) = first.media
    assert kept[medium.at : medium.at + medium.size] == archives.picture()
    assert (medium.description, medium.focus) == ("The sea", (0.5, -0.25))
    assert second.media[0].size == 0


async def test_an_archive_that_was_packed_again_in_a_folder_of_its_own_is_read():
    files = {f"archive-2024/{name}": one for name, one in files_of([note(1)]).items()}
    files[f"archive-2024/{MEDIUM}"] = archives.picture()
    files["__MACOSX/archive-2024/._outbox.json"] = b"junk"
    found, _ = await opened(zipped(files))
    assert (found.posts, found.error) == (1, "")


async def test_likes_and_bookmarks_and_files_of_ties_come_along():
    files = files_of([note(1)])
    files["bookmarks.json"] = collection("bookmarks.json", ["https://b.example/1"]).encode()
    files["following_accounts.csv"] = b"Account address,Show boosts\nbo@other.example,false\n"
    files["lists.csv"] = b'"odd'
    found, kept = await opened(tarred(files))
    start, stop = found.likes
    assert b"https://other.example/users/bo/statuses/9" in kept[start:stop]
    assert found.parts.keys() == {"bookmarks", "following"}
    start, stop = found.parts["following"]
    line = msgspec.json.decode(kept[start:stop], type=TieLine)
    assert (line.address, line.reblogs) == ("bo@other.example", False)
    assert found.skipped == {"unreadable_lists": 1}


async def test_a_large_outbox_is_read_an_item_at_a_time():
    many = [note(number, f"<p>{'word ' * 400}{number}</p>") for number in range(2_000)]
    found, _ = await opened(zipped(files_of(many)))
    assert found.posts == 2_000


def fifo() -> bytes:
    return tar_with(entry("pipe", tarfile.FIFOTYPE))


REFUSED = {
    "zip bomb": (archives.zip_bomb, "archive_bomb"),
    "zip that claims ten gigabytes": (
        lambda: archives.zip_that_claims(0xFFFFFFFE),
        "archive_bomb",
    ),
    "gzip bomb": (archives.gzip_bomb, "archive_bomb"),
    "tar header bomb": (archives.tar_with_header_bomb, "archive_bomb|archive_broken"),
    "too many files": (lambda: archives.zip_with_many(100_001), "archive_too_many_files"),
    "link in a zip": (archives.zip_with_link, "archive_unsafe"),
    "link in a tar": (
        lambda: tar_with(entry("x.png", tarfile.SYMTYPE, "/etc/passwd")),
        "archive_unsafe",
    ),
    "hard link": (
        lambda: tar_with(entry("x.png", tarfile.LNKTYPE, "outbox.json")),
        "archive_unsafe",
    ),
    "device": (lambda: tar_with(entry("null", tarfile.CHRTYPE)), "archive_unsafe"),
    "pipe": (fifo, "archive_unsafe"),
    "absolute path": (lambda: tarred({"/etc/cron": b"x"}), "archive_unsafe"),
    "path that leads out": (lambda: zipped({"../../x": b"x"}), "archive_unsafe"),
    "path with a drive": (lambda: zipped({"C:/x": b"x"}), "archive_unsafe"),
    "backslashes that lead out": (lambda: zipped({"a\\..\\..\\x": b"x"}), "archive_unsafe"),
    "encrypted": (archives.zip_that_says_encrypted, "archive_encrypted"),
    "packed otherwise": (
        lambda: zipped(files_of([note(1)]), zipfile.ZIP_LZMA),
        "archive_unsupported",
    ),
    "no outbox": (lambda: zipped({"actor.json": b"{}"}), "archive_without_posts"),
    "two outboxes": (
        lambda: zipped({"outbox.json": b'{"items":[]}', "a/outbox.json": b'{"items":[]}'}),
        "archive_broken",
    ),
    "deep JSON": (lambda: zipped({"outbox.json": archives.deep()}), "archive_too_deep"),
    "one endless text": (
        lambda: zipped({"outbox.json": b'{"orderedItems":["' + b"x" * (4 << 20) + b'"]}'}),
        "archive_item_too_large",
    ),
    "no JSON": (lambda: zipped({"outbox.json": b"<html>"}), "archive_broken"),
    "JSON cut off": (
        lambda: zipped({"outbox.json": b'{"orderedItems":[{"type":"Create"'}),
        "archive_broken",
    ),
    "an item that is no JSON": (
        lambda: zipped({"outbox.json": b'{"orderedItems":[{"a":tru}]}'}),
        "archive_broken",
    ),
    "a zip cut off": (lambda: zipped(files_of([note(1)]))[:-40], "archive_broken"),
    "a tar cut off": (lambda: tarred(files_of([note(1)]))[:300], "archive_broken"),
    "nothing": (lambda: b"", "archive_broken"),
    "a picture": (archives.picture, "archive_broken"),
    "only a mark": (lambda: b"PK\x03\x04", "archive_broken"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_no_honest_archive_is_is_refused_with_its_reason(name):
    make, code = REFUSED[name]
    with pytest.raises(Problem) as refusal:
        await opened(make())
    assert refusal.value.code in code.split("|")
    assert refusal.value.hint == FAULTS[refusal.value.code].hint


async def test_an_archive_over_the_size_is_refused_before_it_is_opened():
    with pytest.raises(Problem, match="archive_too_large"):
        await opened(zipped(files_of([note(1)])), Bounds(packed=10))


async def test_what_unpacks_to_more_than_is_allowed_is_refused():
    files = files_of([note(1)])
    files["media_attachments/1/noise.png"] = bytes(range(256)) * 40_000
    with pytest.raises(Problem, match="archive_too_large"):
        await opened(zipped(files, zipfile.ZIP_STORED), Bounds(unpacked=5 << 20))


async def test_an_archive_in_an_archive_stays_closed():
    files = files_of([note(1)])
    files["media_attachments/files/inner.zip"] = zipped({"outbox.json": b"{}"})
    found, kept = await opened(zipped(files))
    assert found.posts == 1
    assert b"PK" not in kept


@pytest.mark.parametrize(
    "activity",
    [
        None,
        7,
        "text",
        [],
        {},
        {"type": "Create"},
        {"type": "Create", "object": "https://x.example/1"},
        {"type": "Delete", "object": {"type": "Note"}},
        {"type": "Create", "object": {"type": "Note", "id": 5, "published": "2020-01-01"}},
        {"type": "Create", "object": {"type": ["Note"], "id": "https://x.example/1"}},
    ],
)
async def test_what_is_no_post_is_passed_over_and_counted(activity):
    files = files_of([activity, note(1)])
    found, _ = await opened(zipped(files))
    # A bare text is an item too; a number or null is none.
    assert found.posts == 1
    assert sum(found.skipped.values()) == (0 if activity is None or activity == 7 else 1)


async def test_the_child_reads_whatever_stands_before_the_list():
    before = {"first": {"orderedItems": [1]}, "note": 'orderedItems": [', "list": [[], {}]}
    outbox = json.dumps({**before, "orderedItems": [note(1)], "after": [1]})
    found, _ = await opened(zipped({"outbox.json": outbox.encode()}))
    assert found.posts == 1


def test_the_samples_are_archives_that_a_program_opens():
    files = files_of([note(1)])
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert "outbox.json" in archive.namelist()
    with tarfile.open(fileobj=io.BytesIO(tarred(files))) as archive:
        assert "outbox.json" in archive.getnames()
