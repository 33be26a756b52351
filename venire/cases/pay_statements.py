"""What a juror is shown of their own pay: rate and budget before, a statement for each month."""

from __future__ import annotations

from typing import Any

from venire.cases import pay
from venire.cases.policy import Policy
from venire.kernel.clock import iso_ms
from venire.storage.world import World
from venire.treasury import actions as treasury
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
        "amount_text": policy.pay.written(payout.amount),
        "asked_at": iso_ms(payout.asked_at_ms),
        "settled_at": None if settled is None else iso_ms(settled),
        "said": payout.said,
    }


async def statements(world: World, policy: Policy, juror_id: int) -> dict[str, Any]:
    """Everything about a juror's service and pay: months, balance, payouts, years.

    A month lists each ballot by its moment and amount, and no case: what was earned is nobody's
    way back to what was judged.
    """
    currency = policy.pay.currency
    owed, asked = await payouts.standing(world, currency, juror_id)
    account = ledger.payable(juror_id)
    booked = {row.month for row in await store.months(world.storage, currency, account)}
    recent = set(_months_back(world.now_ms()))
    listed = [
        month
        for month in [
            await _month(world, policy, juror_id, name)
            for name in sorted(booked | recent, reverse=True)[:_MONTHS]
        ]
        if month["ballots"] or month["earned"]
    ]
    transit = sum(one.amount for one in asked if one.state in {"asked", "sent"})
    years = await pay.years_of(world, juror_id)
    return {
        "currency": currency,
        "digits": policy.pay.digits,
        "owed": owed,
        "owed_text": policy.pay.written(owed),
        "on_its_way": transit,
        "on_its_way_text": policy.pay.written(transit),
        "months": listed,
        "payouts": [payout_view(policy, one) for one in asked],
        "years": [{"year": row.year, "ballots": row.ballots} for row in years],
    }


def _months_back(now_ms: int) -> list[str]:
    year, month = (int(part) for part in ledger.month_of(now_ms).split("-"))
    places = range(year * 12 + month - 1, year * 12 + month - 1 - _MONTHS, -1)
    return [f"{place // 12:04d}-{place % 12 + 1:02d}" for place in places]


async def _month(world: World, policy: Policy, juror_id: int, name: str) -> dict[str, Any]:
    currency = policy.pay.currency
    served = await pay.served_in(world, juror_id, name)
    sides = await store.postings(world.storage, currency, ledger.payable(juror_id), name)
    earned = -sum(side.amount for side in sides if side.kind in ledger.EARNING)
    return {
        "month": name,
        "ballots": len(served),
        "paid_ballots": sum(row.amount > 0 for row in served),
        "earned": earned,
        "earned_text": policy.pay.written(earned),
        "paid_out": sum(side.amount for side in sides if side.kind == "payout_asked")
        + sum(side.amount for side in sides if side.kind == "payout_back"),
        "lines": [
            {
                "at": iso_ms(row.voted_at_ms),
                "amount": row.amount,
                "amount_text": policy.pay.written(row.amount),
            }
            for row in sorted(served, key=lambda row: row.voted_at_ms)
        ],
    }


async def owed_to(world: World, policy: Policy, juror_id: int) -> int:
    """What a juror is owed: not yet asked for, or on its way. For the operator's list."""
    owed = await treasury.owed(world, policy.pay.currency, juror_id)
    asked = await store.payouts(world.storage, policy.pay.currency, juror_id)
    return owed + sum(one.amount for one in asked if one.state in {"asked", "sent"})
