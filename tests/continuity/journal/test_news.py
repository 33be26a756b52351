"""What wakes a line: news, somebody who waits, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from venire.continuity.journal.news import URGENT_S, News

pytestmark = pytest.mark.anyio


async def took(work) -> float:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await asyncio.wait_for(work, 5)
    return loop.time() - began_s


async def test_every_line_hears_what_was_told_once():
    news = News()
    ears = [news.ear() for _ in range(3)]
    for _ in range(1_000):
        news.tell()
    for ear in ears:
        assert await took(ear.wait(5)) < 1
    assert not any(ear.urgent.is_set() for ear in ears)


async def test_what_is_told_after_one_line_listened_is_heard_by_it_again():
    news = News()
    first, second = news.ear(), news.ear()
    news.tell()
    first.listen()
    news.tell()
    assert await took(first.wait(5)) < 1
    assert await took(second.wait(5)) < 1


async def test_without_news_it_waits_as_long_as_it_is_told():
    ear = News().ear()
    assert await took(ear.wait(0.1)) >= 0.09
    assert await took(ear.wait(-1)) < 0.05


async def test_a_rest_is_as_long_as_it_is_and_news_does_not_cut_it_short():
    news = News()
    ear = news.ear()
    ear.listen()
    asyncio.get_running_loop().call_later(0.01, news.tell)
    assert await took(ear.rest(asyncio.get_running_loop().time(), 0.25)) >= 0.24


@pytest.mark.parametrize("later_s", [0.0, 0.01, 0.3])
async def test_somebody_who_waits_cuts_a_rest_short(later_s):
    news = News()
    ear, loop = news.ear(), asyncio.get_running_loop()
    ear.listen()
    loop.call_later(later_s, news.hurry)
    lasted_s = await took(ear.rest(loop.time(), 4.0))
    # Those who wait one after the other still go together.
    assert max(URGENT_S, later_s) - 0.01 <= lasted_s < 2
    ear.listen()
    assert not ear.urgent.is_set()


async def test_a_moment_that_is_long_gone_is_no_rest():
    ear, loop = News().ear(), asyncio.get_running_loop()
    assert await took(ear.rest(loop.time() - 60, 1.0)) < 0.5
