"""A read-only mirror of a site's public media and record, as anybody may run one.

Each minute it asks for the list of revocations, carries it out, looks for new public posts, fetches
what they show, and the record. It asks nothing but public pages, and only of the site it was given.
A list that is forged, rolled back or does not add up ends what it shows at once; a site that does
not answer ends it within the hour.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from venire.continuity.objects import revocation_lists as lists
from venire.continuity.objects.mirror_folder import Item, MirrorFolder
from venire.continuity.objects.revocation_lists import Entry, RevocationList
from venire.kernel.errors import Invalid, NotFound, Problem, TooLarge, Unavailable
from venire.kernel.ids import parse_id
from venire.posts.media.rules import FILM_BYTES
from venire.record.checkpoint import open_checkpoint
from venire.record.note import MAX_NOTE_BYTES, VerifierKey
from venire.record.readers import FolderReader
from venire.record.tiles import MAX_BUNDLE_BYTES, tile_path, tiles_of
from venire.record.verify import verify_path

_log = logging.getLogger(__name__)
EVERY_S: Final = 60.0
_CALL_S: Final = 20.0
_FILE_S: Final = 300.0
_TIMELINE_BYTES: Final = 8 * 1024 * 1024
_PAGES_AT_ONCE: Final = 25
_PAGE: Final = 40
_FILES_AT_ONCE: Final = 200
_ADDRESS: Final = re.compile(r"/media/([1-9][0-9]{0,18})/([0-9a-f]{32}(?:-small)?\.[a-z0-9]{2,5})")
_AS_IT_IS: Final = {"Accept-Encoding": "identity"}
_NOT_THERE: Final = frozenset({404, 410})


class _Account(msgspec.Struct, frozen=True):
    id: str


class _Medium(msgspec.Struct, frozen=True):
    url: str | None = None
    preview_url: str | None = None


class _Post(msgspec.Struct, frozen=True):
    id: str
    visibility: str
    account: _Account
    media_attachments: tuple[_Medium, ...] = ()


class Mirror:
    """Follows one site. `most_bytes`: how much room its media may take."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, key: VerifierKey, kept: MirrorFolder, most: int
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._key = key
        self.kept = kept
        self._most = most

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self.follow()
            except Exception:  # noqa: BLE001 - a worker outlives its work
                self.kept.distrust("mirror_stumbled")
                _log.exception("mirror_stumbled")
            await asyncio.sleep(EVERY_S)

    async def follow(self) -> None:
        """One round; what does not work now is tried again in the next one."""
        try:
            again = await self._revocations()
        except Unavailable as problem:
            _log.warning("site_not_reached", extra={"hint": problem.hint})
            return
        except Problem as problem:
            self.kept.distrust(problem.code)
            _log.critical("revocations_not_believed", extra={"code": problem.code})
            return
        except OSError as error:
            # Whatever it says, it may not be shown again after a start.
            self.kept.distrust("list_not_kept")
            _log.critical("revocations_not_kept", extra={"said": error.strerror})
            return
        try:
            if again:
                _log.info("media_restored", extra={"count": len(again)})
            await self._timeline()
            await self._files()
            await self._record()
        except (Problem, OSError):
            _log.warning("mirror_not_complete", exc_info=True)

    async def _revocations(self) -> list[Item]:
        note = await self._fetch("/media/revocations", lists.LIST_BYTES)
        new = self.kept.opened(note)
        self.kept.begin(new)
        return self.kept.accept(new, await self._entries(new))

    async def _entries(self, new: RevocationList) -> list[Entry]:
        """The entries after those that are known, up to the list's size."""
        entries: list[Entry] = []
        at = self.kept.known
        while at < new.size:
            number = at // lists.PAGE
            content = await self._fetch(f"/media/revocations/{number}", lists.PAGE_BYTES)
            page = lists.parse_page(content, number * lists.PAGE + 1)
            fresh = [one for one in page if at < one.sequence <= new.size]
            if not fresh:
                raise Invalid("list_inconsistent", "fewer entries than were signed")
            entries += fresh
            at = fresh[-1].sequence
        return entries

    async def _timeline(self) -> None:
        for _ in range(_PAGES_AT_ONCE):
            path = "/api/v1/timelines/public?local=true&only_media=true"
            path += f"&limit={_PAGE}&min_id={self.kept.timeline}"
            try:
                found = msgspec.json.decode(
                    await self._fetch(path, _TIMELINE_BYTES), type=list[_Post]
                )
                last = max([self.kept.timeline, *(_id(post.id) for post in found)])
                items = [one for post in found for one in _items(post)]
            except (msgspec.MsgspecError, ValueError) as error:
                raise Invalid("timeline_malformed", "not what a timeline is") from error
            self.kept.note(items, last)
            if len(found) < _PAGE:
                return

    async def _files(self) -> None:
        room = self._most - await asyncio.to_thread(_used, self.kept.folder / "media")
        for item, name in (await asyncio.to_thread(self.kept.missing))[:_FILES_AT_ONCE]:
            if room <= 0:
                _log.warning("mirror_full", extra={"hint": "--room says how much it may take"})
                return
            try:
                content = await self._fetch(f"/media/{item.id}/{name}", FILM_BYTES, _FILE_S)
            except NotFound:
                # Gone meanwhile: the next list says so.
                continue
            room -= len(content)
            if self.kept.fresh() and self.kept.may_show(item):
                await asyncio.to_thread(_save, self.kept.path(item.id, name), content)

    async def _record(self) -> None:
        """Take over the record as far as it has grown, once all of it verifies."""
        folder = self.kept.folder / "record"
        signed = await self._fetch("/record/checkpoint", MAX_NOTE_BYTES)
        head = open_checkpoint(signed, self._key)
        here = folder / "checkpoint"
        earlier = here.read_bytes() if here.is_file() else None
        if earlier is not None and open_checkpoint(earlier, self._key) == head:
            return
        for tile in tiles_of(head.size):
            path = folder / tile_path(tile)
            if not path.is_file():
                content = await self._fetch(f"/record/{tile_path(tile)}", MAX_BUNDLE_BYTES)
                await asyncio.to_thread(_save, path, content)
        grown = _Grown(folder, signed)
        await asyncio.to_thread(verify_path, grown, str(self._key), earlier=earlier)
        await asyncio.to_thread(_save, here, signed)

    async def _fetch(self, path: str, most: int, seconds: float = _CALL_S) -> bytes:
        """What the site serves. NotFound; Unavailable `site_unreachable`; TooLarge; Invalid."""
        try:
            async with (
                asyncio.timeout(seconds),
                self._client.stream("GET", self._url + path, headers=_AS_IT_IS) as answer,
            ):
                if answer.status_code in _NOT_THERE:
                    raise NotFound("not_there", "the site does not serve this")
                if not answer.is_success:
                    hint = f"the site answered {answer.status_code}"
                    raise Unavailable("site_unreachable", hint)
                if answer.headers.get("Content-Encoding", "identity") != "identity":
                    # Unpacked, a few bytes can be more than there is memory.
                    raise Invalid("answer_packed", "it was asked for as it is")
                parts, size = [], 0
                async for part in answer.aiter_bytes():
                    size += len(part)
                    if size > most:
                        raise TooLarge("answer_too_large", limit=most)
                    parts.append(part)
                return b"".join(parts)
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable("site_unreachable", type(error).__name__) from error


class _Grown(FolderReader):
    """A folder of tiles with a checkpoint that is not believed yet."""

    def __init__(self, folder: Path, signed: bytes) -> None:
        super().__init__(folder)
        self._signed = signed

    def read(self, path: str, limit: int) -> bytes:
        """The new checkpoint, else what the folder holds."""
        return self._signed if path == "checkpoint" else super().read(path, limit)


def _items(post: _Post) -> list[Item]:
    """What a post shows. Of an address only the path counts: nothing leads elsewhere."""
    if post.visibility != "public":
        return []
    names: dict[int, list[str]] = {}
    for medium in post.media_attachments:
        for address in (medium.url, medium.preview_url):
            found = _ADDRESS.fullmatch(urlsplit(address or "").path)
            if found is not None and found[2] not in names.setdefault(int(found[1]), []):
                names[int(found[1])].append(found[2])
    return [Item(one, _id(post.account.id), tuple(each)) for one, each in names.items()]


def _id(text: str) -> int:
    """An id as this software gives them; ValueError for what is none."""
    found = parse_id(text)
    if found is None:
        raise ValueError(text[:40])
    return found


def _used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*"))


def _save(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.fresh")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
