"""The public record as people read it."""

from __future__ import annotations

import re

import pytest

from tests.kit.courthouse import THREAT
from venire.cases.policy import load_policy
from venire.kernel.i18n import translate
from venire.record.headers import CHECKS, TYPES
from venire.web import record_words
from venire.web.entry_words import Reader, put_in_words


@pytest.mark.anyio
async def test_the_record_shows_its_newest_entries_the_checkpoint_and_how_to_verify(jury_town):
    await jury_town.post("rudi", THREAT)
    await jury_town.house.vote("violates")
    browser = await jury_town.stranger()
    page = await browser.text("/record")
    for title in ("Verdict", "Measure taken", "Panel drawn", "Post hidden for now", "Pool frozen"):
        assert title in page
    assert "venire verify record http://venire.test/record --key record.pub" in page
    assert "sumdb/note" in page
    sequencer = jury_town.house.court.sequencer
    assert sequencer.verifier_key in page
    checkpoint = (await sequencer.checkpoint()).decode()
    assert checkpoint.splitlines()[2] in page
    for secret in ("rudi", "traitors", str(jury_town.known["rudi"].id)):
        assert secret not in page


@pytest.mark.anyio
async def test_every_entry_has_a_page_and_the_next_one_a_link(jury_town):
    await jury_town.post("rudi", THREAT)
    await jury_town.house.vote("violates")
    browser = await jury_town.stranger()
    size = await jury_town.house.court.sequencer.size()
    for index in range(size):
        page = await browser.get(f"/record/entry/{index}")
        assert "Hash of the leaf" in page.text
    assert f"/record/entry/{size}" not in page.text
    for path in (f"/record/entry/{size}", "/record/entry/x", "/record/entry/-1"):
        await browser.get(path, 404)


@pytest.mark.anyio
async def test_the_log_itself_is_served_by_the_api_and_not_hidden_by_pages(town):
    browser = await town.stranger()
    checkpoint = await browser.client.get("/record/checkpoint")
    assert checkpoint.headers["content-type"].startswith("text/plain")
    key = await browser.client.get("/record/key")
    assert key.text.strip() == town.house.court.sequencer.verifier_key
    entry = (await browser.get("/record/entry/0")).text
    bundle = re.search(r'href="(/record/tile/entries/[^"]+)"', entry)
    tile = await browser.client.get(bundle[1])
    assert tile.status_code == 200
    assert tile.headers["content-type"] == "application/octet-stream"


def test_every_type_and_every_key_of_the_record_has_words():
    assert record_words.ENTRY_TYPES.keys() == TYPES.keys()
    assert record_words.HEADER_KEYS.keys() == CHECKS.keys()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_an_entry_of_each_type_can_be_put_in_words(kind):
    samples = {
        "category": "incitement",
        "source": "notice",
        "verdict": "violates",
        "measure": "remove",
        "action": "lift",
        "judged_by": "panel",
        "case": "a" * 32,
        "indices": [1, 5],
        "excluded": list(range(100)),
        "state": "held",
        "notice_kind": "items",
        "stage": "hold",
        "cause": "verdict",
        "frozen_by": "clock",
        "strength": "weaker",
        "outcome": "upheld",
        "appellant": "author",
        "reason": "error",
        "panel_rule": "sequential",
    }
    keys = TYPES[kind].required | TYPES[kind].optional
    header = {key: samples.get(key, 1) for key in keys}
    header |= {"type": kind, "hour": "2026-11-21T10Z", "rules": "2026-11"}
    for language in ("en", "id"):
        reader = Reader(
            lambda text, *, at=language, **data: translate(at, text, **data),
            language,
            load_policy(),
        )
        said = put_in_words(header, reader)
        assert said.title
        assert "21 Nov 2026, 10 h UTC" in said.hour
        assert "{" not in said.sentence
        assert all(name and fact.text for name, fact in said.facts)
        assert len(said.facts) == len(header) - 2
