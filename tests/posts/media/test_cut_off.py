"""Cut off at any point, an upload leaves a medium that can be shown, or nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.kit.studio import open_studio
from tests.posts.media import files
from venire.adapters.objects.local import LocalObjects
from venire.events import MediumUploaded
from venire.kernel.clock import DAY_MS
from venire.posts.media import pictures, store, uploading
from venire.posts.media.model import READY, WORKING
from venire.posts.media.studio import Films, Tools
from venire.storage.tables.media import MEDIA, OBJECT_USES
from venire.storage.verbs import Envelope

pytestmark = pytest.mark.anyio


class Dead(BaseException):
    """The process is no more: nothing that follows in it happens."""


class Dying:
    """An object store whose process ends before or after the nth object was put."""

    def __init__(self, folder: Path, puts: int, *, after: bool) -> None:
        self._objects = LocalObjects(folder)
        self._puts = puts
        self._after = after

    def __getattr__(self, name: str):
        return getattr(self._objects, name)

    async def put_file(self, file: BinaryIO) -> str:
        self._puts -= 1
        if self._puts < 0 and not self._after:
            raise Dead
        key = await self._objects.put_file(file)
        if self._puts < 0:
            raise Dead
        return key


def objects(folder: Path) -> set[str]:
    return {path.name for path in (folder / "media").glob("??/*")}


async def rows(house) -> int:
    return sum([len((await house.world.storage.scan(table))[0]) for table in (MEDIA, OBJECT_USES)])


async def upload(house, tools: Tools, content: bytes, account_id: int):
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return await uploading.upload(tools, account_id, uploading.Upload(file, len(content)))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("puts", [0, 1])
async def test_an_upload_that_was_cut_off_is_gone_after_a_day(tmp_path, puts, after):
    async with open_studio(tmp_path) as house:
        ann = await house.site.member("ann")
        dying = Dying(tmp_path / "media", puts, after=after)
        with pytest.raises(Dead):
            await upload(
                house, Tools(house.world, dying, house.court.media.studio), files.picture(), ann.id
            )
        house.site.clock.advance(DAY_MS + 1)
        await house.settle()
        assert objects(tmp_path) == set()
        assert await rows(house) == 0


@files.with_ffmpeg
@pytest.mark.parametrize("after", [False, True])
async def test_a_conversion_that_was_cut_off_is_done_again(tmp_path, after):
    async with open_studio(tmp_path, await Films.find()) as house:
        ann = await house.site.member("ann")
        tools = house.court.media
        medium = await upload(house, tools, files.animation(), ann.id)
        assert medium.state == WORKING
        dying = Dying(tmp_path / "media", 0, after=after)
        told = Envelope(1, 1, 1, f"media:{medium.id}", MediumUploaded(medium.id))
        with pytest.raises(Dead):
            await uploading.convert(Tools(house.world, dying, house.court.media.studio), told)
        await house.settle()
        found = await store.load(house.world, medium.id)
        assert (found.state, found.raw, found.coming) == (READY, None, None)
        assert objects(tmp_path) == set(found.keys)
        # Told once more, it is as it was.
        await uploading.convert(tools, told)
        assert await store.load(house.world, medium.id) == found


@pytest.mark.parametrize("after", [False, True])
async def test_a_picture_of_an_account_that_was_cut_off_is_replaced_by_the_next(tmp_path, after):
    async with open_studio(tmp_path) as house:
        ann = await house.site.member("ann")
        dying = Dying(tmp_path / "media", 0, after=after)
        for objects_now, colour in ((dying, "PNG"), (house.court.media.objects, "JPEG")):
            tools = Tools(house.world, objects_now, house.court.media.studio)
            content = files.picture(colour, 50, 50 if colour == "PNG" else 90)
            with tempfile.TemporaryFile() as file:
                file.write(content)
                file.flush()
                sent = {"avatar": (file, len(content))}
                if objects_now is dying:
                    with pytest.raises(Dead):
                        await pictures.change(tools, ann.id, sent)
                else:
                    await pictures.change(tools, ann.id, sent)
        found = (await pictures.pictures(house.world, [ann.id]))[ann.id]
        assert found.avatar is not None
        await pictures.clear(house.world, ann.id)
        await house.settle()
        assert objects(tmp_path) == set()
        assert await rows(house) == 0


async def test_a_removal_that_was_cut_off_is_finished_later(tmp_path):
    async with open_studio(tmp_path) as house:
        ann = await house.site.member("ann")
        medium = await upload(house, house.court.media, files.picture(), ann.id)
        for key in medium.keys:
            await store.mark_leaving(house.world, key)
        await ann.delete(f"/api/v1/media/{medium.id}")
        await house.settle()
        assert objects(tmp_path) == set(medium.keys)
        house.site.clock.advance(store.LEAVING_MS)
        await house.settle()
        assert objects(tmp_path) == set()
