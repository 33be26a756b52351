"""Calls to vendors: a deadline over the whole call, little read, no way elsewhere, nothing told."""

from __future__ import annotations

import time

import pytest

from venire.adapters.http import VendorHttp, basic, checked_address, segment
from venire.cli.drills.counterparts.server import Call, Counterpart, Reply, served
from venire.kernel.errors import Invalid
from venire.kernel.vendors import VendorUnavailable

pytestmark = pytest.mark.anyio
SECRET = "whsec-very-secret"


class Echo(Counterpart):
    """Says what it was asked."""

    def answer(self, call: Call) -> Reply:
        said = {"path": call.path, "form": call.form, "json": call.json(), "query": call.query}
        return Reply(200, said, {"Retry-After": "3", "X-Seen": call.headers["accept-encoding"]})


@pytest.fixture
def echo():
    standing = Echo()
    with served(standing):
        yield standing


def reach(echo, **more) -> VendorHttp:
    made = {"headers": basic("user", SECRET), "loopback": True, "whole_s": 0.5, **more}
    return VendorHttp(echo.url, **made)


@pytest.mark.loopback
async def test_a_call_says_what_it_was_given_and_its_answer_is_read(echo):
    way = reach(echo)
    answer = await way.ask("POST", "/a%2Fb", json={"one": 1}, query={"q": "x y"})
    assert answer.good
    assert answer.retry_after_s == 3.0
    assert answer.headers["x-seen"] == "identity"
    assert answer.json()["path"] == "/a%2Fb"
    assert answer.json()["json"] == {"one": 1}
    assert answer.json()["query"] == {"q": "x y"}
    form = await way.ask("POST", "/", form={"to": "+62 8"})
    assert form.json()["form"] == {"to": "+62 8"}
    assert echo.calls[0].headers["authorization"].startswith("Basic ")
    await way.close()


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("fault", "said"),
    [("hang", "timeout"), ("drip", "timeout"), ("long", "answer_too_long"),
     ("packed", "answer_packed"), ("cut", "remoteprotocolerror")],
)  # fmt: skip
async def test_an_answer_that_cannot_be_used_is_none_and_in_doubt(echo, fault, said):
    way = reach(echo)
    echo.order(fault, fault)
    began = time.monotonic()
    with pytest.raises(VendorUnavailable) as caught:
        await way.ask("POST", "/")
    assert time.monotonic() - began < 2.0
    assert (caught.value.said, caught.value.in_doubt) == (said, True)
    with pytest.raises(VendorUnavailable) as harmless:
        await way.ask("GET", "/")
    assert not harmless.value.in_doubt
    assert (await way.ask("GET", "/")).good
    await way.close()


@pytest.mark.loopback
async def test_where_nobody_listens_nothing_is_in_doubt(echo):
    port = int(echo.url.rpartition(":")[2])
    with served(Echo()) as gone:
        other = int(gone.rpartition(":")[2])
    assert port != other
    way = VendorHttp(gone, loopback=True)
    with pytest.raises(VendorUnavailable) as caught:
        await way.ask("POST", "/")
    assert (caught.value.said, caught.value.in_doubt) == ("connecterror", False)
    await way.close()


@pytest.mark.loopback
async def test_no_redirect_is_followed_and_no_proxy_is_asked(echo, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    way = reach(echo)
    echo.order("redirect")
    assert (await way.ask("POST", "/")).status == 307
    assert [call.path for call in echo.calls] == ["/"]
    await way.close()


@pytest.mark.loopback
async def test_a_second_answer_nobody_asked_for_is_not_taken_for_the_next_one(echo):
    way = reach(echo)
    echo.order("twice")
    first = await way.ask("GET", "/first")
    second = await way.ask("GET", "/second")
    assert [one.json()["path"] for one in (first, second)] == ["/first", "/second"]
    await way.close()


@pytest.mark.loopback
async def test_no_error_holds_the_key(echo):
    way = reach(echo)
    echo.order("hang")
    with pytest.raises(VendorUnavailable) as caught:
        await way.ask("POST", "/")
    assert caught.value.__cause__ is None
    assert SECRET not in f"{way!r}{caught.value!r}{caught.value.__suppress_context__}"
    await way.close()


@pytest.mark.loopback
async def test_what_is_no_json_is_no_answer(echo):
    way = reach(echo)
    echo.order("garbage", "empty")
    assert (await way.ask("GET", "/")).json() is None
    assert (await way.ask("GET", "/")).json() is None
    await way.close()


@pytest.mark.parametrize(
    "address",
    [
        "http://api.vendor.test", "ftp://vendor.test", "//vendor.test", "https://", "",
        "https://user@vendor.test", "https://user:word@vendor.test", "https://vendor.test?a=1",
        "https://vendor.test#a", "https://vendor.test:99999", "https://vendor.test:0",
        "https://ven dor.test", "http://127.0.0.1:80", "http://10.0.0.8", "http://localhost",
    ],
)  # fmt: skip
def test_an_address_without_tls_or_with_more_in_it_is_refused_at_start(address):
    with pytest.raises(Invalid) as caught:
        checked_address(address)
    assert caught.value.code == "vendor_address_invalid"


def test_plain_http_goes_to_literal_addresses_alone_where_it_is_allowed():
    assert checked_address("https://api.vendor.test/v1/") == "https://api.vendor.test/v1"
    assert checked_address("http://127.0.0.1:81", loopback=True) == "http://127.0.0.1:81"
    assert checked_address("http://[::1]:81", loopback=True) == "http://[::1]:81"
    assert checked_address("http://192.168.1.10:8080", private=True)
    for address in ("http://127.0.0.1", "http://169.254.169.254", "http://8.8.8.8", "http://nas"):
        with pytest.raises(Invalid):
            checked_address(address, private=True)
    for address in ("http://192.168.1.10", "http://0.0.0.0", "http://127.0.0.1.vendor.test"):
        with pytest.raises(Invalid):
            checked_address(address, loopback=True)


def test_a_segment_of_a_path_leads_nowhere_else():
    assert segment("a/b?c") == "a%2Fb%3Fc"
    assert segment("..") == "%2E%2E"
