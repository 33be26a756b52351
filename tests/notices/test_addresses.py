from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.kernel.own_names import OwnNames
from venire.notices.addresses import Address, parse_post_url

HOSTS = OwnNames(["site.example", "127.0.0.1:8000"])
POST = 112_233_445_566_778_899


@pytest.mark.parametrize(
    "url",
    [
        f"https://site.example/@jamie/{POST}",
        f"http://site.example/@jamie/{POST}/",
        f"https://SITE.example/@jamie@far.example/{POST}?x=1#y",
        f"https://www.site.example/@jamie/{POST}",
        f"https://site.example:443/users/jamie/statuses/{POST}",
        f"https://site.example/users/jamie/statuses/{POST}/activity",
        f"https://site.example/web/statuses/{POST}",
        f"https://site.example/web/@jamie/{POST}",
        f"https://site.example/statuses/{POST}",
        f"https://site.example/api/v1/statuses/{POST}",
        f"https://site.example/@jamie/{POST}/embed",
        f"site.example/@jamie/{POST}",
        f"//site.example/@jamie/{POST}",
        f"hxxps://site[.]example/@jamie/{POST}",
        f"https[:]//site(.)example/@jamie/{POST}",
        f"https://site.example/%40jamie/{POST}",
        f"  https://site.example/@jamie/{POST}  ",
        f"http://127.0.0.1:8000/@jamie/{POST}",
        f"https://site.example./@jamie/{POST}",
    ],
)
def test_a_post_of_ours_is_known_however_it_is_written(url):
    address = parse_post_url(url, HOSTS)
    assert (address.kind, address.post_id) == ("post", POST)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (f"https://other.example/@jamie/{POST}", "other.example"),
        (f"https://site.example@other.example/@jamie/{POST}", "other.example"),
        (f"https://site.example.other.example/@jamie/{POST}", "site.example.other.example"),
        (f"https://other.example/https://site.example/@jamie/{POST}", "other.example"),
        (f"https://notsite.example/@jamie/{POST}", "notsite.example"),
        (f"https://site.example:8443/@jamie/{POST}", "site.example"),
        (f"http://127.0.0.1:9000/@jamie/{POST}", "127.0.0.1"),
        (f"http://localhost/@jamie/{POST}", "localhost"),
    ],
)
def test_another_site_is_foreign_whatever_it_dresses_up_as(url, host):
    assert parse_post_url(url, HOSTS) == Address("foreign", host=host)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://site.example/media/abc123DEF", "abc123DEF"),
        ("https://site.example/media/abc123/original.png", "abc123"),
        ("https://site.example/media/abc123.png", "abc123"),
        ("https://site.example/api/v1/media/998877", "998877"),
        (
            "https://site.example/system/media_attachments/files/112/233/445/original/ab.png",
            "112233445",
        ),
    ],
)
def test_media_of_ours_is_known_by_its_key(url, key):
    assert parse_post_url(url, HOSTS) == Address("media", media=key, host="site.example")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "stream:p00663",
        "mailto:a@site.example",
        f"javascript:https://site.example/@jamie/{POST}",
        "https://",
        "https://site.example",
        "https://site.example/@jamie",
        "https://site.example/@jamie/123abc",
        f"https://site.example/@jamie/{'9' * 19}9",
        f"https://site.example/@jamie/{POST}/../../x",
        "https://site.example:99999/@a/1",
        "https://[::1/@a/1",
        "hello there",
        "https://site.example/@a b/1",
        f"https://site.example\\@other.example/@jamie/{POST}",
        "https://site.example/" + "x" * 3000,
    ],
)
def test_what_is_no_post_of_ours_is_nothing(url):
    assert parse_post_url(url, HOSTS).kind == "none"


@given(st.text(max_size=80))
def test_no_text_makes_it_fail_and_none_is_a_post_without_our_host(text):
    for url in (text, f"https://{text}", f"https://site.example/{text}", f"//{text}@x/@a/1"):
        address = parse_post_url(url, HOSTS)
        assert address.kind != "post" or address.host in {"site.example", "127.0.0.1"}
