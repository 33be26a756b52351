"""An archive of everything that is an account's: a packed tar, written a piece at a time."""

from __future__ import annotations

import asyncio
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import BinaryIO, Final

import msgspec

from venire.people.aliases import aliases_of
from venire.people.model import Account
from venire.people.store import load_accounts
from venire.posts.importing import origins_of
from venire.posts.listing import account_entries
from venire.posts.media.model import Picture
from venire.posts.media.pictures import pictures
from venire.posts.media.rules import ENDINGS
from venire.posts.media.studio import Tools, from_parts
from venire.posts.model import HELD, VISIBLE, Post, Stretch
from venire.posts.moving import activity, csvs
from venire.posts.moving.leaving import acted_on, tie_file
from venire.posts.moving.model import BOOKMARKS, FAVOURITES, TIES
from venire.posts.store import load_many
from venire.storage.world import World

Files = AsyncIterator[tuple[str, AsyncIterator[bytes]]]
_PAGE: Final = 100
_READ_BYTES: Final = 1 << 20
_PACKING: Final = 1
"""Pictures and films are packed already: more work would save next to nothing."""
_BUFFER: Final = 1 << 18


class Exported(msgspec.Struct):
    """What went into an archive; `left_out` are media that could not be read."""

    posts: int = 0
    media: int = 0
    left_out: int = 0


class _Archive:
    """A packed tar on its way."""

    def __init__(self, target: BinaryIO, at_ms: int) -> None:
        self._at_s = at_ms // 1_000
        self._tar = tarfile.open(  # noqa: SIM115 - closed by `close`, after the last file
            fileobj=target, mode="w:gz", compresslevel=_PACKING, format=tarfile.PAX_FORMAT
        )

    async def add(self, name: str, parts: AsyncIterator[bytes]) -> None:
        """Add a file, from what comes in."""
        async with from_parts(_gathered(parts)) as file:
            info = tarfile.TarInfo(name)
            info.size = file.seek(0, 2)
            info.mtime = self._at_s
            info.mode = 0o644
            file.seek(0)
            await asyncio.to_thread(self._tar.addfile, info, file)

    async def close(self) -> None:
        """Write its end."""
        await asyncio.to_thread(self._tar.close)


async def _gathered(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same in larger pieces: each is a turn of a thread."""
    waiting = bytearray()
    async for part in parts:
        waiting += part
        if len(waiting) >= _BUFFER:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


async def export(tools: Tools, account: Account, target: BinaryIO, also: Files) -> Exported:
    """Write an archive to an open file. `also`: further files, by their names in it."""
    world, done = tools.world, Exported()
    archive = _Archive(target, world.now_ms())
    shown = await _pictures(tools, archive, account)
    told = activity.actor(
        account,
        base_url=world.site.base_url,
        also=await aliases_of(world, account.id),
        pictures=shown,
    )
    await archive.add("actor.json", _one(told))
    await archive.add("outbox.json", _collection("outbox.json", _activities(world, account, done)))
    for kind, name in ((FAVOURITES, "likes.json"), (BOOKMARKS, "bookmarks.json")):
        await archive.add(name, _collection(name, _named(world, account.id, kind)))
    for kind in TIES:
        await archive.add(csvs.NAMES[kind], tie_file(world, account.id, kind))
    async for name, parts in also:
        await archive.add(name, parts)
    await _media(tools, archive, account.id, done)
    await archive.close()
    return done


async def _one(value: object) -> AsyncIterator[bytes]:
    yield msgspec.json.encode(value)


async def _collection(name: str, items: AsyncIterator[object]) -> AsyncIterator[bytes]:
    """A collection of which nobody knows how long it will be: its length stands at the end."""
    head = {"@context": activity.CONTEXT, "id": name, "type": "OrderedCollection"}
    yield msgspec.json.encode(head)[:-1] + b',"orderedItems":['
    count = 0
    async for item in items:
        yield (b",\n" if count else b"\n") + msgspec.json.encode(item)
        count += 1
    yield b'\n],"totalItems":%d}' % count


async def _named(world: World, account_id: int, kind: str) -> AsyncIterator[object]:
    async for uri in acted_on(world, account_id, kind):
        yield uri


async def own_posts(world: World, account_id: int) -> AsyncIterator[list[Post]]:
    """Everything that an account posted and may see itself, the oldest first."""
    above: int | None = None
    while True:
        stretch = Stretch(above, None, _PAGE, rising=True)
        entries = await account_entries(world, account_id, stretch)
        found = await load_many(world, [entry.id for entry in entries])
        yield [post for post in found if post.state in {VISIBLE, HELD}]
        if len(entries) < _PAGE:
            return
        above = entries[-1].id
        await asyncio.sleep(0)


async def _activities(world: World, account: Account, done: Exported) -> AsyncIterator[object]:
    async for page in own_posts(world, account.id):
        known = await _known(world, page)
        for post in page:
            done.posts += 1
            yield activity.activity(post, account, known)


async def _known(world: World, page: Sequence[Post]) -> activity.Known:
    others: Iterable[int | None] = (
        one for post in page for one in (post.in_reply_to_id, post.reblog_of_id, post.quoted_id)
    )
    named = await load_many(world, list({one for one in others if one is not None}))
    origins = await origins_of(world, [post.id for post in page])
    people = {mention.id for post in page for mention in post.mentions}
    return activity.Known(
        accounts={int(one): found for one, found in (await load_accounts(world, people)).items()},
        posts={int(post.id): post.uri for post in named},
        replied={key: row.reply_uri for key, row in origins.items() if row.reply_uri},
        base_url=world.site.base_url,
        domain=world.site.domain,
    )


async def _pictures(tools: Tools, archive: _Archive, account: Account) -> Mapping[str, str]:
    there = (await pictures(tools.world, [account.id]))[account.id]
    shown: dict[str, str] = {}
    for name, picture in (("icon", there.avatar), ("image", there.header)):
        if picture is not None and await tools.objects.size(picture.key):
            shown[name] = _picture_file(name, picture)
            await archive.add(shown[name], _object(tools, picture.key))
    return shown


def _picture_file(name: str, picture: Picture) -> str:
    stem = "avatar" if name == "icon" else "header"
    return f"{stem}.{ENDINGS.get(picture.content_type, 'bin')}"


async def _media(tools: Tools, archive: _Archive, account_id: int, done: Exported) -> None:
    async for page in own_posts(tools.world, account_id):
        for one in (one for post in page for one in post.attachments):
            if not one.original or not await tools.objects.size(one.original):
                done.left_out += 1
                continue
            await archive.add(activity.medium_file(one), _object(tools, one.original))
            done.media += 1


async def _object(tools: Tools, key: str) -> AsyncIterator[bytes]:
    start = 0
    while part := await tools.objects.read(key, start, _READ_BYTES):
        start += len(part)
        yield part


def room() -> BinaryIO:
    """A nameless file for an archive: gone when it is closed."""
    return tempfile.TemporaryFile()
