"""What an archive may not let its owner read: that they judge, and what may not be told yet."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from tests.cases.desk import set_policy
from tests.cases.test_personal_data import archive_of
from tests.kit.courthouse import THREAT, open_courthouse
from venire.cases import personal_data
from venire.kernel.clock import DAY_MS, iso_ms
from venire.people import letters
from venire.storage.tables.letters import LETTERS, LETTERS_LOST, LetterLostRow
from venire.storage.tables.posts import POSTS

pytestmark = pytest.mark.anyio

OF_SERVICE = re.compile(rb"summons|juror|jury|ballot|\bseat|verdict", re.IGNORECASE)


async def test_no_file_of_a_juror_who_served_has_a_word_of_it(tmp_path):
    async with open_courthouse(tmp_path) as house:
        object.__setattr__(house.world.site, "letters", True)
        await house.seat_pool(3)
        for juror in house.jurors:
            chosen = {"channels": ["mail", "message"]}
            (await juror.post("/api/v1/jury/alerts", json=chosen)).raise_for_status()
        author = await house.site.member("author")
        await house.post(author, THREAT)
        found, _ = await house.site.storage.scan(LETTERS)
        told = {row.account_id for row in found if row.kind == letters.SUMMONS}
        assert await house.vote("violates")
        await house.settle()
        served = [juror for juror in house.jurors if juror.id in told]
        assert served
        for juror in served:
            lost = LetterLostRow("2026-01-01", 7, juror.id, letters.SUMMONS, "550", 1)
            await house.site.storage.put(LETTERS_LOST, lost)
            files = await archive_of(house, juror.id)
            assert "data/logins.jsonl" in files
            for name, content in files.items():
                # Their user name says it, and is of their own choosing.
                plain = content.replace(juror.username.encode(), b"")
                assert not OF_SERVICE.search(plain), (name, plain)
                assert not OF_SERVICE.search(name.encode())


async def test_letters_of_other_kinds_still_go_out_to_whoever_got_them(tmp_path):
    async with open_courthouse(tmp_path) as house:
        object.__setattr__(house.world.site, "letters", True)
        ani = await house.site.member("ani")
        assert await letters.send(house.world, ani.id, letters.ADMITTED, letter_id=5)
        rows = [row async for row in personal_data.rows_of(house.world, LETTERS, ani.id)]
        assert letters.ADMITTED in {row.kind for row in rows}


async def test_an_archive_tells_of_no_order_that_its_author_must_not_hear_of(tmp_path):
    async with open_courthouse(tmp_path) as house:
        orders = msgspec.structs.replace(house.court.policy.orders, approvers=("anna",))
        set_policy(house, orders=orders)
        moderator = await house.site.member("mona", "moderator")
        approver = await house.site.member("anna", "moderator")
        author = await house.site.member("author")
        post = await house.post(author, "a word on the minister")
        order = {
            "authority": "Landgericht",
            "country": "DE",
            "legal_ground": "Art. 9",
            "reference": "L-1",
            "posts": [post],
            "silent_ground": "Art. 11",
            "silent_until": iso_ms(house.site.clock.now_ms() + 3 * DAY_MS),
        }
        made = (await moderator.post("/api/v1/admin/orders", json=order)).json()
        (await approver.post(f"/api/v1/admin/orders/{made['id']}/approve")).raise_for_status()
        await house.settle()
        row = await house.site.storage.get(POSTS, (int(post),))
        assert row is not None
        assert row.withheld_in == "DE"
        files = await archive_of(house, author.id)
        assert json.loads(files["data/posts.jsonl"])["text"] == "a word on the minister"
        for name, content in files.items():
            for word in (b'"DE"', b"withheld", b"Landgericht"):
                assert word not in content, name
        shown = (await author.get(f"/api/v1/statuses/{post}")).text
        assert "withheld" not in shown
        assert '"DE"' not in shown
