"""Every entry that the house makes, written out: account by account, key by key."""

from __future__ import annotations

import msgspec
import pytest

from venire.kernel.errors import Conflict, Refused
from venire.treasury import ledger
from venire.treasury.model import MOST, Entry, Payout, Posting, Sums

AT_MS = 1_767_225_600_000
PAYOUT = Payout("EUR", 7, 12, "asked", 500, 3, AT_MS)


def entry(key: str, kind: str, *postings: tuple[str, int]) -> Entry:
    return Entry("EUR", key, kind, AT_MS, tuple(Posting(*each) for each in postings))


def in_state(state: str, **more: object) -> Payout:
    return msgspec.structs.replace(PAYOUT, state=state, **more)


def test_funding_a_ballot_and_undoing_either():
    funded = ledger.funded("EUR", "2026-01", 9_000, AT_MS)
    assert funded == entry("funded:2026-01", "funded", ("fund", 9_000), ("owner", -9_000))
    ballot = ledger.ballot("EUR", "ballot:1:1:7", 7, 25, AT_MS)
    assert ballot == entry("ballot:1:1:7", "ballot", ("service", 25), ("payable:7", -25))
    assert ledger.corrected(ballot, AT_MS) == entry(
        "corrected:ballot:1:1:7", "corrected", ("service", -25), ("payable:7", 25)
    )
    assert ledger.corrected(funded, AT_MS) == entry(
        "corrected:funded:2026-01", "corrected", ("fund", -9_000), ("owner", 9_000)
    )
    assert {"ballot", "corrected"} == ledger.EARNING


def test_what_each_state_of_a_payout_posts():
    assert ledger.payout_entry(PAYOUT, AT_MS) == entry(
        "payout:12:asked", "payout_asked", ("payable:7", 500), ("transit", -500)
    )
    assert ledger.payout_entry(in_state("sent"), AT_MS) is None
    for state in ("failed", "withdrawn"):
        assert ledger.payout_entry(in_state(state), AT_MS) == entry(
            f"payout:12:{state}", "payout_back", ("transit", 500), ("payable:7", -500)
        )
    paid = ("payout:12:paid", "payout_paid")
    assert ledger.payout_entry(in_state("paid"), AT_MS) == entry(
        *paid, ("transit", 500), ("fees", 3), ("fund", -503)
    )
    assert ledger.payout_entry(in_state("paid", fee=0), AT_MS) == entry(
        *paid, ("transit", 500), ("fund", -500)
    )


@pytest.mark.parametrize("state", ["asked", "paid", "failed"])
def test_a_payout_is_never_corrected_it_has_states_of_its_own(state: str):
    posted = ledger.payout_entry(in_state(state), AT_MS)
    with pytest.raises(Refused) as refusal:
        ledger.corrected(posted, AT_MS)
    assert refusal.value.code == "entry_unsound"
    assert refusal.value.data == {"key": f"payout:12:{state}"}


def test_a_payout_goes_these_ways_and_no_other():
    ways = {state.name: set(state.exits) for state in ledger.PAYOUT.states}
    assert (ledger.PAYOUT.name, ledger.PAYOUT.start) == ("payout", "asked")
    assert ways == {
        "asked": {"sent", "paid", "failed", "withdrawn"},
        "sent": {"paid", "failed"},
        "paid": set(),
        "failed": set(),
        "withdrawn": set(),
    }
    with pytest.raises(Conflict):
        ledger.paid_state(in_state("sent"), "withdrawn", fee=0, said="", at_ms=AT_MS)


@pytest.mark.parametrize(
    ("state", "fee", "settled"),
    [("sent", 0, None), ("paid", 9, AT_MS + 1), ("failed", 0, AT_MS + 1)],
)
def test_a_fee_is_of_what_was_paid_and_an_end_has_its_moment(state, fee, settled):
    moved = ledger.paid_state(PAYOUT, state, fee=9, said="as told", at_ms=AT_MS + 1)
    assert moved == in_state(state, fee=fee, said="as told", settled_at_ms=settled)


def test_sums_count_the_smallest_coin_on_its_own_side():
    assert ledger.added(Sums(10, 20, 3), [1, -1, 5, -7]) == Sums(16, 28, 7)
    assert ledger.added(Sums(), []) == Sums(0, 0, 0)
    assert ledger.total([Sums(1, 2, 3), Sums(10, 20, 30)]) == Sums(11, 22, 33)
    assert ledger.total([]) == Sums()
    assert Sums(5, 8, 2).balance == -3


def test_a_trial_balance_is_by_account_and_sums_to_zero():
    entries = [
        ledger.funded("EUR", "a", 100, AT_MS),
        ledger.ballot("EUR", "ballot:1", 7, 25, AT_MS),
        ledger.ballot("EUR", "ballot:2", 8, 30, AT_MS),
    ]
    balances = ledger.trial_balance(entries)
    assert balances == {
        "fund": 100,
        "owner": -100,
        "service": 55,
        "payable:7": -25,
        "payable:8": -30,
    }
    assert sum(balances.values()) == 0


def test_no_amount_goes_beyond_what_every_reader_keeps_exact():
    assert MOST == 9_007_199_254_740_992


def test_where_postings_lie():
    assert ledger.payable(7) == "payable:7"
    assert ledger.month_of(AT_MS) == "2026-01"
    assert ledger.span_of("payable:7", AT_MS) == "2026-01"
    assert ledger.span_of("fund", AT_MS) == "2026-01-01"


def whole(*postings: tuple[str, object], ledger_name: str = "EUR", key: str = "funded:1") -> Entry:
    made = tuple(Posting(*each) for each in postings)
    return Entry(ledger_name, key, "funded", AT_MS, made)


SOUND = (("fund", 5), ("owner", -5))


@pytest.mark.parametrize(
    ("postings", "more", "fault"),
    [
        (SOUND, {"ledger_name": "eur"}, "a ledger is named by its currency"),
        (SOUND, {"ledger_name": "EURO"}, "a ledger is named by its currency"),
        (SOUND, {"ledger_name": "EUR\n"}, "a ledger is named by its currency"),
        (SOUND, {"key": ""}, "a key is words and ids with colons between"),
        (SOUND, {"key": "Funded:1"}, "a key is words and ids with colons between"),
        (SOUND, {"key": "funded:"}, "a key is words and ids with colons between"),
        (SOUND, {"key": "funded:a b"}, "a key is words and ids with colons between"),
        (SOUND, {"key": "f" * 201}, "a key is words and ids with colons between"),
        ((("fund", 5),), {}, "two accounts at least, each once"),
        ((("fund", 5), ("fund", -5)), {}, "two accounts at least, each once"),
        ((("fund", 5), ("owner", -3), ("fund", -2)), {}, "two accounts at least, each once"),
        ((), {}, "two accounts at least, each once"),
        ((("fund", 5), ("pocket", -5)), {}, "an account that is not in the chart"),
        ((("fund", 5), ("payable:0", -5)), {}, "an account that is not in the chart"),
        ((("fund", 5), ("payable:x", -5)), {}, "an account that is not in the chart"),
        ((("payable:1", 5), ("payable:2", -5)), {}, "an entry is about one juror at most"),
        ((("fund", 0), ("owner", 0)), {}, "no such amount"),
        ((("fund", 5.0), ("owner", -5)), {}, "no such amount"),
        ((("fund", True), ("owner", -1)), {}, "no such amount"),
        ((("fund", MOST + 1), ("owner", -MOST - 1)), {}, "no such amount"),
        ((("fund", 5), ("owner", -4)), {}, "debits and credits differ"),
        ((("fund", 5), ("owner", -6)), {}, "debits and credits differ"),
        ((("fund", 5), ("owner", 5)), {}, "debits and credits differ"),
    ],
)
def test_an_entry_that_is_unsound_cannot_be_made(postings, more, fault: str):
    with pytest.raises(Refused) as refusal:
        whole(*postings, **more)
    assert (refusal.value.code, refusal.value.hint) == ("entry_unsound", fault)
    assert refusal.value.data == {"key": more.get("key", "funded:1")}


@pytest.mark.parametrize(
    ("postings", "more"),
    [
        ((("fund", MOST), ("owner", -MOST)), {}),
        ((("fund", 1), ("owner", -1)), {}),
        ((("service", 9), ("payable:9223372036854775807", -9)), {}),
        ((("transit", 5), ("fees", 1), ("fund", -6)), {}),
        (SOUND, {"key": "f" * 200}),
        (SOUND, {"key": "corrected:ballot:1:2:3-a_B"}),
    ],
)
def test_an_entry_at_its_bounds_can(postings, more):
    assert sum(each.amount for each in whole(*postings, **more).postings) == 0


def test_whose_pay_an_entry_is_about():
    assert ledger.ballot("EUR", "ballot:1", 7, 25, AT_MS).juror_id == 7
    assert whole(*SOUND).juror_id is None
    assert whole(("payable:12", 5), ("service", -5)).juror_id == 12


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (Posting("fund", 1), "amount"),
        (whole(*SOUND), "key"),
        (Sums(), "debits"),
        (PAYOUT, "amount"),
    ],
)
def test_what_was_posted_is_not_changed_in_the_hand(what: object, field: str):
    with pytest.raises(AttributeError):
        setattr(what, field, 1)
