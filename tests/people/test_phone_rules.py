"""Which numbers are written to, how often, and what is closed: the pure part."""

from __future__ import annotations

import contextlib

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.clock import DAY_MS, MINUTE_MS
from venire.kernel.errors import Invalid
from venire.kernel.i18n import LANGUAGES, translate
from venire.people import phone_rules as rules
from venire.people.phone_rules import Counted, Pace, TextPolicy

NOW = 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+62 812-3456-7890", "", "+6281234567890"),
        ("0812 3456 7890", "ID", "+6281234567890"),
        ("(0812) 34567890", "ID", "+6281234567890"),
        ("+49 1512 3456789", "ID", "+4915123456789"),
    ],
)
def test_a_number_is_read_as_people_write_it(text, region, e164):
    number = rules.read_number(text, region, {"ID", "DE"})
    assert number.e164 == e164
    assert number.prefix == e164[:-4]
    assert e164.startswith(f"+{number.dial}")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("+14155552671", "phone_country_closed"),
        ("+12423591234", "phone_country_closed"),
        ("+442079460000", "phone_country_closed"),
        ("+62213456789", "phone_kind_refused"),
        ("+628001234567", "phone_kind_refused"),
        ("+498001234567", "phone_kind_refused"),
        ("+491371234567", "phone_kind_refused"),
        ("+6281", "phone_invalid"),
        ("081234567890", "phone_invalid"),
        ("tel:+6281234567890;ext=1", "phone_invalid"),
        ("", "phone_invalid"),
        ("+", "phone_invalid"),
        ("\x00", "phone_invalid"),
        ("+62 812 3456 7890" + " " * 40, "phone_invalid"),
    ],
)
def test_everything_else_is_refused(text, code):
    with pytest.raises(Invalid) as caught:
        rules.read_number(text, "", {"ID", "DE"})
    assert caught.value.code == code


@pytest.mark.parametrize("region", ["DE", "ID", "US", "GB"])
def test_no_line_that_costs_or_that_anybody_has_as_many_of_as_they_like_is_written_to(region):
    kinds = phonenumbers.PhoneNumberType
    refused = (
        kinds.PREMIUM_RATE, kinds.SHARED_COST, kinds.VOIP, kinds.PERSONAL_NUMBER, kinds.PAGER,
        kinds.UAN, kinds.VOICEMAIL, kinds.TOLL_FREE,
    )  # fmt: skip
    tried = 0
    for kind in refused:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is not None:
            tried += 1
            text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            with pytest.raises(Invalid):
                rules.read_number(text, "", {region})
    assert tried


def test_a_region_that_is_not_open_does_not_help_to_read_a_number():
    with pytest.raises(Invalid):
        rules.read_number("0812 3456 7890", "ID", {"DE"})


@given(st.text(max_size=60), st.text(max_size=3))
def test_no_text_whatever_is_more_than_refused(text, region):
    with contextlib.suppress(Invalid):
        assert rules.read_number(text, region, {"ID", "DE", "US"}).region in {"ID", "DE", "US"}


def test_policies_that_cannot_be_meant_are_refused_at_start():
    rules.check_policy(TextPolicy(("ID", "DE")))
    for wrong in (
        TextPolicy(("id",)),
        TextPolicy(("XX",)),
        TextPolicy(("Indonesia",)),
        TextPolicy(per_day=0),
        TextPolicy(cost=0),
        TextPolicy(cost=10, budget=9),
    ):
        with pytest.raises(Invalid):
            rules.check_policy(wrong)


@given(st.lists(st.integers(0, 3 * 60 * MINUTE_MS), max_size=60), st.floats(0, 1))
def test_no_number_ever_gets_more_than_three_texts_in_ten_minutes(pauses, luck):
    pace, now_ms, sent = Pace(), NOW, []
    for pause in pauses:
        now_ms += pause
        if rules.wait_ms(pace, now_ms) == 0:
            pace = rules.paced(pace, now_ms, luck)
            sent.append(now_ms)
    for place, at_ms in enumerate(sent):
        near = [one for one in sent[place:] if one - at_ms < 10 * MINUTE_MS]
        assert len(near) <= 3


def test_the_waits_double_from_one_minute_to_32_and_a_day_of_silence_begins_anew():
    pace, now_ms, waits = Pace(), NOW, []
    for _ in range(12):
        now_ms += rules.wait_ms(pace, now_ms)
        pace = rules.paced(pace, now_ms, 0.0)
        waits.append((pace.next_at_ms - now_ms) // MINUTE_MS)
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 32, 32, 32, 32]
    assert rules.paced(pace, now_ms + DAY_MS, 0.0).waits == 0
    spread = {rules.paced(pace, now_ms, luck / 10).next_at_ms for luck in range(10)}
    assert len(spread) == 10


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_prefix_is_closed_under_a_fifth_after_thirty_and_never_before(sent, verified):
    converts = rules.converts(Counted(sent, verified))
    assert converts == (sent < 30 or verified * 5 >= sent)


def test_what_an_operator_hears_of():
    assert rules.alarms(Counted(100, 60, 90, 5), 0) == ()
    assert rules.alarms(Counted(100, 5, 90, 5), 0) == ("codes_not_used",)
    assert rules.alarms(Counted(100, 60, 10, 80), 0) == ("texts_not_delivered",)
    assert rules.alarms(Counted(100, 60, 20, 12), 0) == ("receipts_missing",)
    assert rules.alarms(Counted(10, 8, 20, 0), 0) == ("receipts_too_many",)
    assert rules.alarms(Counted(), 10) == ("receipts_unknown",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_fits_into_one_text_and_is_bound_to_the_site(language):
    words = translate(
        language, "Your code is {code}. It works for 10 minutes. Tell it to nobody.", code="012345"
    )
    text = rules.code_text("jury.community.example.org:8000", "012345", words)
    assert rules.segments(text) == 1
    assert text.splitlines()[-1] == "@jury.community.example.org #012345"


def test_texts_are_counted_as_carriers_count_them():
    assert rules.segments("a" * 160) == 1
    assert rules.segments("a" * 161) == 2
    assert rules.segments("а" * 70) == 1
    assert rules.segments("а" * 71) == 2
    assert rules.segments("😀" * 36) == 2


def test_a_number_is_shown_as_little_as_its_owner_knows_it_by():
    assert rules.masked("+6281234567890") == "+62…890"
