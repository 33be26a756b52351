"""What tests begin with is what a first start leaves; the reader sees what is there."""

from __future__ import annotations

import apsw
import pytest

from tests.kit.blank import open_storage
from tests.kit.reader import Reader
from tests.kit.site import open_site
from venire.kernel.clock import ManualClock
from venire.kernel.ids import Ids
from venire.storage.engines.sqlite import SqliteStorage
from venire.storage.tables.every import ALL

pytestmark = pytest.mark.anyio


def kept(folder):
    """The schema and every row of both files."""
    found = {}
    for name in ("venire.db", "rebuildable.db"):
        connection = apsw.Connection(str(folder / name), flags=apsw.SQLITE_OPEN_READONLY)
        schema = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        rows = {
            table: connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608 - its own
            for table, sql in schema
            if sql is not None and sql.startswith("CREATE TABLE")
        }
        pragmas = [connection.pragma(one) for one in ("page_size", "journal_mode")]
        found[name] = (schema, rows, pragmas)
        connection.close()
    return found


async def test_a_copied_folder_is_as_a_first_start_leaves_it(tmp_path):
    made = []
    for name, begin in (("copied", open_storage), ("begun", SqliteStorage)):
        folder = tmp_path / name
        folder.mkdir()
        clock = ManualClock()
        storage = begin(folder, clock, Ids(clock), ALL)
        await storage.close()
        made.append(kept(folder))
    copied, begun = made
    assert len(begun["venire.db"][0]) > 200
    assert copied == begun


async def test_a_folder_with_data_is_opened_as_it_is(tmp_path):
    async with open_site(tmp_path) as site:
        await site.member("ann")
    before = kept(tmp_path)
    clock = ManualClock()
    await open_storage(tmp_path, clock, Ids(clock)).close()
    assert kept(tmp_path) == before
    assert before["venire.db"][1]["accounts"]


async def test_the_reader_gets_what_a_client_gets(tmp_path):
    async with open_site(tmp_path) as site:
        ann = await site.member("ann")
        for path in (
            "/api/v1/accounts/verify_credentials",
            "/api/v1/accounts/lookup?acct=ann",
            "/api/v1/accounts/search?q=%40ann&limit=2",
            "/nowhere/%C3%A9",
        ):
            read = await Reader(site.app).get(path, headers=ann.headers)
            asked = await ann.get(path)
            assert (read.status_code, read.text) == (asked.status_code, asked.text), path
        assert (await Reader(site.app).get("/api/v1/bookmarks")).status_code == 401
