from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path

import anyio
import pytest
from rapidfuzz.distance import Levenshtein

from tests.notices.drawing import DAMAGES, DARK, LAYOUTS, LIGHT, png
from venire.kernel.errors import Invalid, Unavailable
from venire.notices.model import ReadLine
from venire.notices.ocr import OcrPool
from venire.notices.ocr_worker import in_order
from venire.notices.screenshot import shown_post

pytestmark = pytest.mark.anyio

TEXTS = {
    "en": "They should all be dragged out of the town hall and hanged from the lamp posts tonight",
    "id": "ayo kumpul di depan rumahnya jam 8 malam, bawa bensin dan bakar saja semuanya",
}
BLANK = png(LAYOUTS["only_words"]("x", "", ""))


def letters(text: str) -> str:
    return "".join(text.split())


def pictures() -> list[tuple[str, bytes]]:
    """One picture of each layout and damage, in turns light and dark, English and Indonesian."""
    made = []
    for place, (layout, draw) in enumerate(LAYOUTS.items()):
        for turn, (damage, spoil) in enumerate(DAMAGES.items()):
            if (place + turn) % 2 == 0:
                language = "en" if turn < 2 else "id"
                theme = DARK if place % 2 else LIGHT
                drawn = draw(TEXTS[language], "jamie_10", "Jamie Rivers", theme, language)
                made.append((f"{layout} {damage} {language}", spoil(drawn)))
    return made


@pytest.mark.parametrize("engine", ["rapidocr", "tesseract"])
async def test_what_stands_on_a_screenshot_is_read_whatever_the_phone(engine):
    if engine == "tesseract" and shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed")
    wrong = total = 0
    async with OcrPool(2, engine=engine) as pool:
        for name, content in pictures():
            post = shown_post(await pool.read(content))
            text = TEXTS[name.rsplit(" ", 1)[1]]
            assert post.bodies, name
            wrong += min(Levenshtein.distance(letters(text), letters(body)) for body in post.bodies)
            total += len(letters(text))
        assert pool.engine == engine
    assert wrong / total <= 0.02


async def test_no_child_runs_before_the_first_picture_and_none_after_the_last():
    async with OcrPool(2, engine="rapidocr") as pool:
        assert (pool.running, pool.engine) == (0, "")
        await pool.read(BLANK)
        assert pool.running == 1
    assert pool.running == 0


async def test_a_broken_picture_costs_nobody_else_anything():
    async with OcrPool(1, engine="rapidocr") as pool:
        with pytest.raises(Invalid) as refused:
            await pool.read(b"no picture")
        assert refused.value.code == "broken_image"
        assert (await pool.read(BLANK)).engine == "rapidocr"


CHILD = """
import struct, sys, time, json, os, pathlib
out = sys.stdout.buffer
def say(**answer):
    body = json.dumps(answer).encode()
    out.write(struct.pack(">I", len(body)) + body)
    out.flush()
def take():
    head = sys.stdin.buffer.read(8)
    if len(head) < 8:
        raise SystemExit
    width, height = struct.unpack(">II", head)
    sys.stdin.buffer.read(width * height)
note = pathlib.Path({note!r})
lives = int(note.read_text() or 0) + 1 if note.exists() else 1
note.write_text(str(lives))
"""


def child(tmp_path: Path, behaviour: str) -> tuple[str, ...]:
    """A reading process that misbehaves; it counts its lives in a file."""
    script = CHILD.format(note=str(tmp_path / "lives")) + textwrap.dedent(behaviour)
    return (sys.executable, "-c", script)


def lives(tmp_path: Path) -> int:
    return int((tmp_path / "lives").read_text())


@pytest.mark.parametrize(
    "fault",
    [
        "os._exit(1)",
        "os.kill(os.getpid(), 9)",
        "time.sleep(600)",
        "out.write(bytes([255] * 64)); out.flush(); time.sleep(600)",
        "out.write(struct.pack('>I', 5) + b'hello'); out.flush(); time.sleep(600)",
        "say(engine=7, lines='none'); time.sleep(600)",
    ],
    ids=["exits", "killed", "hangs", "endless_answer", "no_json", "other_shape"],
)
async def test_a_child_that_fails_once_is_replaced_and_the_picture_read(tmp_path, fault):
    behaviour = f"""
    say(engine="fake")
    while True:
        take()
        if lives == 1:
            {fault}
        say(engine="fake", lines=[])
    """
    async with OcrPool(1, command=child(tmp_path, behaviour), seconds_per_picture=1.5) as pool:
        assert (await pool.read(BLANK)).engine == "fake"
        assert lives(tmp_path) == 2


async def test_a_picture_that_kills_two_children_is_broken_and_the_next_is_read(tmp_path):
    behaviour = """
    say(engine="fake")
    take()
    if lives <= 2:
        os._exit(1)
    say(engine="fake", lines=[])
    take()
    """
    async with OcrPool(1, command=child(tmp_path, behaviour)) as pool:
        with pytest.raises(Invalid) as refused:
            await pool.read(BLANK)
        assert refused.value.code == "broken_image"
        assert lives(tmp_path) == 2, "tried once more, not for ever"
        assert (await pool.read(BLANK)).lines == ()


async def test_an_engine_that_says_no_is_not_asked_again(tmp_path):
    behaviour = """
    say(engine="fake")
    while True:
        take()
        say(engine="fake", error="ValueError")
    """
    async with OcrPool(1, command=child(tmp_path, behaviour)) as pool:
        with pytest.raises(Invalid) as refused:
            await pool.read(BLANK)
        assert refused.value.code == "broken_image"
    assert lives(tmp_path) == 1


@pytest.mark.parametrize("behaviour", ["say(engine='', error='no engine')", "os._exit(3)"])
async def test_without_an_engine_it_is_the_desk_that_is_at_fault_not_the_picture(
    tmp_path, behaviour
):
    async with OcrPool(1, command=child(tmp_path, behaviour)) as pool:
        with pytest.raises(Unavailable) as refused:
            await pool.read(BLANK)
    assert refused.value.code == "ocr_unavailable"


async def test_a_read_that_is_given_up_leaves_no_answer_for_the_next(tmp_path):
    behaviour = """
    say(engine="fake")
    while True:
        take()
        if lives == 1:
            time.sleep(1)
        line = dict(text=str(lives), left=0, top=0, right=1, bottom=1, confidence=1.0)
        say(engine="fake", lines=[line])
    """
    async with OcrPool(1, command=child(tmp_path, behaviour)) as pool:
        with anyio.move_on_after(0.6):
            await pool.read(BLANK)
        read = await pool.read(BLANK)
        assert [line.text for line in read.lines] == ["2"]


async def test_idle_children_are_let_go(tmp_path):
    behaviour = """
    say(engine="fake")
    while True:
        take()
        say(engine="fake", lines=[])
    """
    async with OcrPool(1, command=child(tmp_path, behaviour), idle_seconds=0.2) as pool:
        await pool.read(BLANK)
        with anyio.fail_after(10):
            while pool.running:  # noqa: ASYNC110 - the pool tells nobody that it let a child go
                await anyio.sleep(0.05)
        await pool.read(BLANK)
        assert lives(tmp_path) == 2


async def test_a_closed_pool_reads_nothing():
    pool = OcrPool(1)
    await pool.close()
    with pytest.raises(Unavailable):
        await pool.read(BLANK)


def test_lines_are_in_reading_order():
    def at(text: str, left: int, top: int) -> ReadLine:
        return ReadLine(text, left, top, left + 50, top + 20, 1.0)

    lines = [at("c", 0, 60), at("b", 80, 3), at("a", 0, 0), at("d", 90, 58)]
    assert [line.text for line in in_order(lines)] == ["a", "b", "c", "d"]
