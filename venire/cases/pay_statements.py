"""What a juror is shown of their own pay: rate and budget before, a statement for each month."""

from __future__ import annotations

from typing import Any

from venire.cases import pay
from venire.cases.policy import Policy
from venire.kernel.clock import iso_ms
from venire.storage.world import World
from venire.treasury import ledger, payouts, store
from venire.treasury.model import Payout

_MONTHS = 24


def offer_view(policy: Policy, offer: pay.Offer | None) -> dict[str, Any] | None:
    """Rate, budget and terms as a paid juror reads them; None for a volunteer."""
    if offer is None:
        return None
    written = policy.pay.written
    return {
        "currency": offer.currency,
        "amount": offer.amount,
        "amount_text": written(offer.amount),
        "rate": offer.rate,
        "rate_text": written(offer.rate),
        "month_budget": offer.budget,
        "month_budget_text": written(offer.budget),
        "budget_left": offer.budget_left,
        "budget_left_text": written(offer.budget_left),
        "terms": offer.terms,
        "why": offer.why,
    }


def payout_view(policy: Policy, payout: Payout) -> dict[str, Any]:
    """A payout as its juror reads it."""
    settled = payout.settled_at_ms
    return {
        "id": str(payout.id),
        "state": payout.state,
        "currency": payout.ledger,
        "amount": payout.amount,
        "amount_text": policy.pay.written(payout.amount, payout.ledger),
        "asked_at": iso_ms(payout.asked_at_ms),
        "settled_at": None if settled is None else iso_ms(settled),
        "said": payout.said,
    }


async def statements(world: World, policy: Policy, juror_id: int) -> dict[str, Any]:
    """Everything about a juror's service and pay: months, balance, payouts, years.

    A month lists each ballot by its moment and amount, and no case: what was earned is nobody's
    way back to what was judged.
    """
    currency, account = policy.pay.currency, ledger.payable(juror_id)
    former = [one for one in await store.ledgers(world.storage, juror_id) if one != currency]
    standings = [await _standing(world, policy, juror_id, one) for one in (currency, *former)]
    asked = sorted((payout for _, found in standings for payout in found), key=_newest)
    booked = {
        row.month
        for one in (currency, *former)
        for row in await store.months(world.storage, one, account)
    }
    recent = set(_months_back(world.now_ms()))
    listed = [
        month
        for month in [
            await _month(world, policy, juror_id, name, former)
            for name in sorted(booked | recent, reverse=True)[:_MONTHS]
        ]
        if month["ballots"] or month["earned"] or month["former"]
    ]
    years = await pay.years_of(world, juror_id)
    return {
        "digits": policy.pay.digits,
        **standings[0][0],
        "former": [one for one, _ in standings[1:] if one["owed"] or one["on_its_way"]],
        "months": listed,
        "payouts": [payout_view(policy, one) for one in asked],
        "years": [{"year": row.year, "ballots": row.ballots} for row in years],
    }


async def _standing(
    world: World, policy: Policy, juror_id: int, currency: str
) -> tuple[dict[str, Any], list[Payout]]:
    """What is owed in one currency, and the payouts in it."""
    owed, asked = await payouts.standing(world, currency, juror_id)
    transit = _in_transit(asked)
    view = {
        "currency": currency,
        "owed": owed,
        "owed_text": policy.pay.written(owed, currency),
        "on_its_way": transit,
        "on_its_way_text": policy.pay.written(transit, currency),
    }
    return view, asked


def _in_transit(asked: list[Payout]) -> int:
    return sum(one.amount for one in asked if one.state in {"asked", "sent"})


def _newest(payout: Payout) -> int:
    return -payout.id


def _months_back(now_ms: int) -> list[str]:
    year, month = (int(part) for part in ledger.month_of(now_ms).split("-"))
    places = range(year * 12 + month - 1, year * 12 + month - 1 - _MONTHS, -1)
    return [f"{place // 12:04d}-{place % 12 + 1:02d}" for place in places]


async def _month(
    world: World, policy: Policy, juror_id: int, name: str, former: list[str]
) -> dict[str, Any]:
    served = await pay.served_in(world, juror_id, name)
    others = [await _booked(world, policy, juror_id, name, one) for one in former]
    return {
        "month": name,
        "ballots": len(served),
        "paid_ballots": sum(row.amount > 0 for row in served),
        **await _booked(world, policy, juror_id, name, policy.pay.currency),
        "former": [one for one in others if one["earned"] or one["paid_out"]],
        "lines": [
            {
                "at": iso_ms(row.voted_at_ms),
                "amount": row.amount,
                "amount_text": policy.pay.written(row.amount, row.ledger),
            }
            for row in sorted(served, key=lambda row: row.voted_at_ms)
        ],
    }


async def _booked(
    world: World, policy: Policy, juror_id: int, name: str, currency: str
) -> dict[str, Any]:
    """What was earned and asked for in a month, in one currency."""
    sides = await store.postings(world.storage, currency, ledger.payable(juror_id), name)
    earned = -sum(side.amount for side in sides if side.kind in ledger.EARNING)
    return {
        "currency": currency,
        "earned": earned,
        "earned_text": policy.pay.written(earned, currency),
        "paid_out": sum(
            side.amount for side in sides if side.kind in {"payout_asked", "payout_back"}
        ),
    }


async def owed_to(world: World, juror_id: int, currency: str) -> tuple[int, list[Payout]]:
    """What a juror is owed in a currency, asked for or not; and the payouts. For the operator."""
    owed, asked = await payouts.standing(world, currency, juror_id)
    return owed + _in_transit(asked), asked
