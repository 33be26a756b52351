"""The rule that recognises our own names: however they are written, and nothing besides."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from venire.kernel.own_names import OwnNames, form_of, is_lasting

OWN = OwnNames(["old.example", "new.example:8443", "xn--strae-oqa.example", "127.0.0.1:8000", "[::1]:8000"])  # fmt: skip  # noqa: E501

_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
_SCRIPTS = st.text("äößçñжщялдλσαωひ漢字日本語اربيकखग", min_size=1, max_size=12)
_NAMES = st.builds("{}.{}".format, _LABEL, _LABEL)


@pytest.mark.parametrize(
    "name",
    [
        "old.example",
        "OLD.Example",
        "old.example.",
        "old.example:443",
        "old.example:80",
        "old.example:",
        "old.example.:00443",
        "old。example",
        "ｏｌｄ．example",
        "new.example:8443",
        "NEW.example.:8443",
        "xn--strae-oqa.example",
        "XN--STRAE-OQA.Example",
        "straße.example",
        "Straße.EXAMPLE.",
        "127.0.0.1:8000",
        "[::1]:8000",
    ],
)
def test_a_name_is_ours_however_it_is_written(name):
    assert OWN.has(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "old",
        "example",
        "old.example..",
        "old..example",
        ".old.example",
        "www.old.example",
        "old.example.evil.test",
        "evil-old.example",
        "old.example:8443",
        "old.example:65536",
        "old.example:443:443",
        "old.example:+443",
        "old.example:\u0664\u0664\u0663",
        "old.example@evil.test",
        "ann@old.example",
        "ann\uff20old.example",
        "old.example/",
        "old.example\uff0f",
        "old.example\\",
        "old.example#",
        "old.example?x",
        "old.example%2e",
        " old.example",
        "old.example\n",
        "old.exam\u200bple",
        "o\u043bd.example",
        "new.example",
        "new.example:443",
        "strasse.example",
        "xn--old-.example",
        "xn--99999999.example",
        "[::1]",
        "[old.example]",
        "::1",
        "127.0.0.1",
        "old.example" + "." * 2_000,
    ],
)
def test_what_only_looks_like_a_name_of_ours_is_none(name):
    assert not OWN.has(name)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("https://old.example/@ann/1", "/@ann/1"),
        ("http://OLD.example:443/users/ann?page=2#x", "/users/ann?page=2#x"),
        ("HTTPS://straße.example/@ann", "/@ann"),
        ("https://old.example", ""),
        ("https://old.example?x=/@ann", "?x=/@ann"),
        ("https://old.example@evil.test/@ann", None),
        ("https://evil.test#@old.example/@ann", None),
        ("https://evil.test/https://old.example/@ann", None),
        ("https://old.example.evil.test/@ann", None),
        ("https://old.example\\@evil.test/@ann", None),
        ("https:///old.example/@ann", None),
        ("ftp://old.example/@ann", None),
        ("//old.example/@ann", None),
        ("old.example/@ann", None),
        ("", None),
    ],
)
def test_an_address_is_ours_by_its_host_alone(address, path):
    assert OWN.path(address) == path


def test_links_to_names_of_ours_are_led_to_where_the_site_is_now_and_no_others():
    html = (
        '<a href="https://old.example/cases/7?a=1&amp;b=2" class="x">https://old.example/cases/7</a>'
        '<a href="https://straße.example">s</a><a href="https://evil.test/https://old.example/">e</a>'
        '<a href="/here">h</a>'
    )
    led = OWN.led_to(html, "https://now.example")
    assert led == (
        '<a href="https://now.example/cases/7?a=1&amp;b=2" class="x">https://old.example/cases/7</a>'
        '<a href="https://now.example/">s</a><a href="https://evil.test/https://old.example/">e</a>'
        '<a href="/here">h</a>'
    )
    assert 'href="/cases/7?a=1&amp;b=2"' in OWN.led_to(html, "")


@pytest.mark.parametrize("path", ["//evil.test/x", "/\\evil.test", "///evil.test"])
def test_a_link_that_would_lead_to_another_site_once_its_name_is_taken_off_stays(path):
    link = f'<a href="https://old.example{path}">old.example</a>'
    assert OWN.led_to(link, "") == OWN.led_to(link, "https://now.example") == link


@given(_NAMES, st.data())
def test_case_the_last_dot_and_a_usual_port_make_no_difference(name, data):
    own = OwnNames([name])
    written = "".join(data.draw(st.sampled_from([sign, sign.upper()])) for sign in name)
    port = data.draw(st.sampled_from(["", ":80", ":443"]))
    dot = data.draw(st.sampled_from(["", "."]))
    assert own.has(f"{written}{dot}{port}")
    assert own.path(f"https://{written}{dot}{port}/@ann") == "/@ann"
    assert not own.has(f"{written}{dot}:8080")
    assert not own.has(f"{data.draw(_LABEL)}.{written}")


@given(_SCRIPTS)
@example("straße")
@example("日本語")
def test_a_name_in_another_script_is_the_one_that_stands_for_it_in_ascii(label):
    ascii_form = f"xn--{label.encode('punycode').decode()}.example"
    own = OwnNames([ascii_form])
    assert own.has(f"{label}.example")
    assert own.has(ascii_form.upper())
    assert OwnNames([f"{label}.example"]).has(ascii_form)


@given(st.text(max_size=60))
@example("a.example:0")
@example("xn--" + "a" * 50 + ".example")
def test_whatever_somebody_types_has_a_form_that_stays_or_none(text):
    form = form_of(text)
    assert form_of(form) == form
    assert not set(form) & set("@/\\?# \n")
    assert OwnNames(["old.example"]).has(text) == (form == "old.example")


@given(st.text(max_size=80))
def test_no_text_of_a_link_is_broken_by_leading_it_home(text):
    assert OWN.led_to(text, "") == text or "href" in text.lower()


@pytest.mark.parametrize(
    ("name", "lasting"),
    [
        ("example.org", True),
        ("example.org:8443", True),
        ("xn--p1ai.xn--p1ai", True),
        ("venire.test", True),
        ("", False),
        ("localhost", False),
        ("localhost:8000", False),
        ("ann.localhost:8000", False),
        ("myserver", False),
        ("127.0.0.1", False),
        ("127.0.0.1:8000", False),
        ("[::1]", False),
        ("[::1]:8000", False),
        ("Example.org", False),
        ("*.example.org", False),
    ],
)
def test_handles_end_for_good_with_no_name_that_one_machine_alone_knows(name, lasting):
    assert is_lasting(name) is lasting
