"""When certificates are renewed, and whom CAA lets issue."""

from __future__ import annotations

import dns.name
import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.continuity.names.renewal import is_late, renew_at_ms, shut_out
from venire.kernel.clock import DAY_MS
from venire.kernel.errors import Invalid
from venire.kernel.zones import KINDS, DnsRecord, check_records, issuers, zone_of

MOMENTS = st.integers(0, 10**13)


@given(MOMENTS, st.integers(1, 400 * DAY_MS), st.floats(0, 1, exclude_max=True))
def test_it_is_renewed_within_its_life_and_never_after_two_thirds_of_it(begin_ms, life_ms, luck):
    end_ms = begin_ms + life_ms
    at_ms = renew_at_ms(begin_ms, end_ms, luck=luck)
    assert begin_ms <= at_ms <= end_ms
    assert at_ms == begin_ms + life_ms * 2 // 3
    late = renew_at_ms(begin_ms, end_ms, (end_ms, end_ms + DAY_MS), luck)
    assert late == at_ms


@given(MOMENTS, st.integers(1, 50 * DAY_MS), st.floats(0, 1, exclude_max=True))
def test_an_authority_that_wants_it_sooner_gets_it_within_its_window(from_ms, wide_ms, luck):
    begin_ms, end_ms = from_ms, from_ms + 1_000 * DAY_MS
    at_ms = renew_at_ms(begin_ms, end_ms, (from_ms, from_ms + wide_ms), luck)
    assert from_ms <= at_ms <= from_ms + wide_ms


def test_not_everybody_comes_at_the_same_moment_of_a_window():
    window = (10 * DAY_MS, 12 * DAY_MS)
    moments = {renew_at_ms(0, 90 * DAY_MS, window, luck / 10) for luck in range(10)}
    assert len(moments) == 10


def test_a_person_hears_of_it_before_it_is_over_and_not_while_there_is_time():
    for days in (6, 47, 90, 398):
        end_ms = days * DAY_MS
        assert not is_late(0, end_ms, end_ms * 2 // 3)
        assert is_late(0, end_ms, end_ms - min(end_ms // 12, 13 * DAY_MS))


ONE, BOTH = ('0 issue "a.example"',), ('0 issue "a.example"', '0 issue "b.example; x=1"')
AUTHORITIES = {"first": frozenset({"a.example"}), "second": frozenset({"b.example", "c.example"})}


@pytest.mark.parametrize(
    ("records", "name", "out"),
    [
        ((), "www.site.example", []),
        (BOTH, "www.site.example", []),
        (ONE, "www.site.example", ["second"]),
        (('0 issue ";"',), "site.example", ["first", "second"]),
        ((*BOTH, '0 issuewild "a.example"'), "*.site.example", ["second"]),
        ((*BOTH, '0 issuewild "a.example"'), "site.example", []),
        (('0 iodef "mailto:a@site.example"',), "site.example", []),
        ((*BOTH, '128 strange "x"'), "site.example", ["first", "second"]),
    ],
)
def test_who_may_not_issue_is_named(records, name, out):
    assert [who for who, _ in shut_out([name], {"site.example": records}, AUTHORITIES)] == out


def test_the_nearest_name_with_records_decides():
    caa = {"site.example": BOTH, "www.site.example": ONE}
    found = shut_out(["www.site.example", "site.example"], caa, AUTHORITIES)
    assert found == [("second", "www.site.example")]
    assert issuers(()) is None


def test_the_longest_zone_holds_a_name_and_a_name_of_another_has_none():
    assert zone_of("a.b.site.example", ["site.example", "b.site.example"]) == "b.site.example"
    for strange in ("notsite.example", "example", "site.example.org"):
        with pytest.raises(Invalid):
            zone_of(strange, ["site.example"])


@pytest.mark.parametrize(
    "record",
    [
        DnsRecord("Www.site.example", "A", ("192.0.2.1",)),
        DnsRecord("www..site.example", "A", ("192.0.2.1",)),
        DnsRecord("a.*.site.example", "A", ("192.0.2.1",)),
        DnsRecord("localhost", "A", ("127.0.0.1",)),
        DnsRecord("www.site.example", "A", ("192.0.2.1\n$INCLUDE /etc/passwd",)),
        DnsRecord("www.site.example", "A", ("192.0.2.1", "192.0.2.1")),
        DnsRecord("www.site.example", "A", ("",)),
        DnsRecord("www.site.example", "TXT", ('a" "b',)),
        DnsRecord("www.site.example", "TXT", ("x" * 256,)),
        DnsRecord("www.site.example", "CAA", ("0 issue a.example",)),
        DnsRecord("www.site.example", "CNAME", ("bad name.example.",)),
        DnsRecord("www.site.example", "A", ("192.0.2.1",), 5),
    ],
)
def test_what_no_name_server_should_hold_is_refused(record):
    with pytest.raises(Invalid) as caught:
        check_records([record])
    assert caught.value.code == "dns_record_invalid"


@given(
    st.sampled_from(KINDS),
    st.lists(st.text(max_size=300) | st.ip_addresses().map(str), max_size=3, unique=True),
)
def test_a_value_is_either_refused_or_means_the_same_to_a_library_of_names(kind, values):
    record = DnsRecord("www.site.example", kind, tuple(values))
    try:
        check_records([record])
    except Invalid:
        return
    for value in values:
        plain = f'"{value}"' if kind == "TXT" else value
        dns.rdata.from_text("IN", kind, plain, origin=dns.name.root)
