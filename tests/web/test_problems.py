"""A form that went wrong: what happened, and the way back to the page it was on."""

from __future__ import annotations

import pytest

from tests.kit.site import BASE_URL
from tests.web.browser import hidden_fields

pytestmark = pytest.mark.anyio


async def _wrong(browser, referer: str) -> str:
    data = hidden_fields((await browser.get("/jury")).text, "/jury/join")
    headers = {"Origin": BASE_URL, "Referer": referer}
    sent = await browser.client.post("/jury/join", data=data, headers=headers)
    assert (sent.status_code, "consent_missing" in sent.text) == (422, True)
    return sent.text


async def test_a_form_that_went_wrong_leads_back_to_its_page(town):
    browser = await town.member("ayu")
    page = await _wrong(browser, f"{BASE_URL}/jury?done=x")
    assert '<a class="button" href="/jury">Back to the page</a>' in page


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://elsewhere.example/jury",
        f"{BASE_URL}//elsewhere.example",
        f"{BASE_URL}/\\elsewhere.example",
        f"{BASE_URL}/moderation/sealed/1/open",
        f"{BASE_URL}/no/such/page",
        f"{BASE_URL}/",
        "javascript:alert(1)",
    ],
)
async def test_it_leads_nowhere_else(town, referer):
    page = await _wrong(await town.member("ayu"), referer)
    assert "Back to the page" not in page
    assert '<a class="button" href="/">To the timeline</a>' in page
