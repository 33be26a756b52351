"""Sybil jurors: one person, three hundred new accounts, all of them willing to serve."""

from __future__ import annotations

import datetime as dt
import hashlib
import math

import pytest

from tests.kit.courthouse import open_courthouse
from venire.jury.draw import order, weaker_randomness
from venire.jury.model import Juror
from venire.jury.pool import freeze
from venire.jury.rules import Standing, unfit_for
from venire.kernel.clock import DAY_MS

HONEST, SWARM = 100, 300
NOW_MS = 1_767_225_600_000
SALT = b"s" * 32
SEATS = 5


def nonce_of(member: int) -> bytes:
    return hashlib.sha256(b"nonce %d" % member).digest()


def share_of_seats(nonces: dict[int, bytes], *, seed: bytes, cases: int) -> float:
    """What part of the first five seats the swarm (members from 1,000 on) gets."""
    pool = freeze(1, SALT, nonces)
    randomness = weaker_randomness(seed, pool.nonce_root)
    taken = 0
    for case in range(cases):
        drawn = order(pool.pseudonyms, randomness, f"case {case}", pool.root, 0)
        taken += sum(pool.accounts[index] >= 1_000 for index in drawn[:SEATS])
    return taken / (cases * SEATS)


def test_for_thirty_days_a_swarm_has_no_seat_and_without_training_none_ever():
    """Each willing, confirmed and of age from its first day."""
    juror = Juror(1_000, "active", NOW_MS, b"n" * 32)
    trained = Juror(1_000, "active", NOW_MS, b"n" * 32, trained=True)
    account = Standing(NOW_MS, contact_confirmed=True, born=dt.date(1990, 1, 1))
    fit = [
        day for day in range(60) if not unfit_for(trained, account, now_ms=NOW_MS + day * DAY_MS)
    ]
    assert fit == list(range(30, 60))
    assert unfit_for(juror, account, now_ms=NOW_MS + 365 * DAY_MS) == ("untrained",)


def test_a_patient_and_trained_swarm_gets_its_share_of_the_seats_and_no_more(figure):
    """There is no proof of personhood: what holds is what a share of the pool can do."""
    members = [*range(HONEST), *range(1_000, 1_000 + SWARM)]
    got = share_of_seats({m: nonce_of(m) for m in members}, seed=b"x" * 32, cases=1_200)
    expected = SWARM / len(members)
    spread = math.sqrt(expected * (1 - expected) / (1_200 * SEATS))
    figure(f"{SWARM} of {len(members)} in the pool: {got:.3f} of the seats (expected {expected})")
    assert got == pytest.approx(expected, abs=4 * spread)


def test_choosing_its_nonces_gets_a_swarm_nothing(figure):
    """The best of forty tries under a seed it guesses is, under the real one, as good as any."""
    honest = {m: nonce_of(m) for m in range(HONEST)}
    tries = [
        honest | {m: nonce_of(m * 1_000 + number) for m in range(1_000, 1_030)}
        for number in range(40)
    ]
    guessed = [share_of_seats(each, seed=b"guess" * 8, cases=20) for each in tries]
    best = max(range(len(tries)), key=guessed.__getitem__)
    real = share_of_seats(tries[best], seed=b"x" * 32, cases=1_200)
    expected = 30 / 130
    spread = math.sqrt(expected * (1 - expected) / (1_200 * SEATS))
    figure(f"30 of 130: {guessed[best]:.3f} as it guessed, {real:.3f} as it was")
    assert guessed[best] > expected + 2 * spread
    assert real == pytest.approx(expected, abs=4 * spread)


@pytest.mark.anyio
async def test_a_swarm_of_one_day_is_in_no_pool(tmp_path, figure):
    async with open_courthouse(tmp_path) as house:
        object.__setattr__(house.world.site, "acceptance", False)
        swarm = [await house.site.member(f"sock_{number}") for number in range(40)]
        for sock in swarm:
            answer = await sock.post("/api/v1/jury/opt_in", json={"consent": True})
            assert answer.status_code == 200
        for _ in range(2):
            house.site.clock.advance(DAY_MS)
            await house.seat_pool(0, bench=0)
        pool = await house.court.pools.current()
        seated = 0 if pool is None else len(set(pool.accounts) & {sock.id for sock in swarm})
        figure(f"{len(swarm)} consented, {seated} in the pool")
        assert seated == 0
