"""The drill's notice, read and located without a site. It proves the flow; nothing is tuned."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest
from rapidfuzz.distance import Levenshtein

from venire.kernel.text import fold
from venire.notices import intake
from venire.notices.locating import Candidate, LocateResult, copies_of, rank, search_terms
from venire.notices.model import ParsedItem, SourceFile
from venire.notices.ocr import OcrPool
from venire.notices.screenshot import ShownPost, shown_post

pytestmark = [pytest.mark.anyio, pytest.mark.shared_data]

DRILL = Path(__file__).parents[2].parent / "shared" / "data" / "drill"
_CANDIDATES = 60


def rows(name: str) -> list[dict]:
    with (DRILL / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Stream:
    """The stream's posts with an index over parts of words, as the site's own has."""

    def __init__(self) -> None:
        self.rows = rows("stream.jsonl")
        self.place = {row["id"]: place for place, row in enumerate(self.rows)}
        self.index = sqlite3.connect(":memory:")
        self.index.execute("CREATE VIRTUAL TABLE parts USING fts5(text, tokenize='trigram')")
        self.index.executemany(
            "INSERT INTO parts (rowid, text) VALUES (?, ?)",
            [(place, fold(row["text"]).text) for place, row in enumerate(self.rows)],
        )

    def candidates(self, text: str) -> list[Candidate]:
        found: dict[int, None] = {}
        for terms, joint in zip(search_terms(text), (" AND ", " OR "), strict=True):
            quoted = joint.join(f'"{term}"' for term in terms if len(term) > 2)
            if quoted:
                query = "SELECT rowid FROM parts WHERE text MATCH ? ORDER BY rank LIMIT ?"
                answers = self.index.execute(query, (quoted, _CANDIDATES))
                found |= dict.fromkeys(place for (place,) in answers)
        return [
            Candidate(place, self.rows[place]["text"], self.rows[place]["author"], 0)
            for place in found
        ]

    def locate(self, item: ParsedItem, shown: ShownPost | None) -> LocateResult:
        if item.url:
            text = self.rows[self.place[item.url.removeprefix("stream:")]]["text"]
            posts = tuple(copies_of(text, self.candidates(text)))
            return LocateResult("located", posts, "exact", "")
        if shown is None:
            return rank(item.text, self.candidates(item.text))
        return rank(
            shown.bodies,
            self.candidates(shown.bodies[0]),
            handle=shown.handle,
            picture=True,
            confidence=shown.confidence,
        )


@pytest.fixture
def stream():
    made = Stream()
    yield made
    made.index.close()


async def read_pictures(items) -> tuple[dict[int, ShownPost], float]:
    folder = intake.open_path(DRILL / "notice").files

    async def one(pool: OcrPool, item: ParsedItem) -> tuple[int, ShownPost]:
        file = folder.look(item.screenshot)
        assert isinstance(file, SourceFile)
        return item.n, shown_post(await pool.read(file.read()))

    begun = time.monotonic()
    async with OcrPool(2, engine="rapidocr") as pool:
        read = await asyncio.gather(*(one(pool, item) for item in items if item.screenshot))
    return dict(read), time.monotonic() - begun


async def test_the_drills_notice_is_read_and_located(stream):
    notice = intake.parse_path(DRILL / "notice", now_ms=1_800_000_000_000)
    assert not [item for item in notice.items if item.code]
    shown, seconds = await read_pictures(notice.items)
    assert len(shown) == 40
    assert seconds < 90, "about 10 s on two free processors"
    answers = {row["n"]: set(row["posts"]) for row in rows("answers.jsonl")}
    outcome: Counter[str] = Counter()
    wrong = total = 0
    for item in notice.items:
        result = stream.locate(item, shown.get(item.n))
        posts = {stream.rows[place]["id"] for place, _ in result.posts}
        if result.state != "located":
            outcome[result.state] += 1
        else:
            outcome["correct" if posts and posts <= answers[item.n] else "wrong"] += 1
        if item.n in shown and answers[item.n]:
            read = "".join(shown[item.n].bodies[0].split())
            texts = [stream.rows[stream.place[post]]["text"] for post in answers[item.n]]
            wrong += min(Levenshtein.distance(read, "".join(text.split())) for text in texts)
            total += len(read)
    assert outcome["wrong"] == 0
    assert outcome["correct"] >= 92
    assert outcome["not_found"] == 4
    assert wrong / total <= 0.02
