"""How a test signs someone in through the page."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

from tests.kit.site import OpenSite

OOB = "urn:ietf:wg:oauth:2.0:oob"
WEB = "https://client.example/back?x=1"
IVORY = "com.tapbots.Ivory.10217:/request_token"
SCOPES = "read write follow push"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]


async def make_app(site: OpenSite, uris=(OOB, WEB, IVORY), scopes=SCOPES) -> dict[str, str]:
    answer = await site.client.post(
        "/api/v1/apps",
        data={
            "client_name": "Test <b>app</b>",
            "redirect_uris": "\n".join(uris),
            "scopes": scopes,
            "website": "https://client.example",
        },
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def asked(app: dict[str, str], **changes: str) -> dict[str, str]:
    return {
        "client_id": app["client_id"],
        "redirect_uri": WEB,
        "response_type": "code",
        "scope": SCOPES,
        "state": "a&b",
        **changes,
    }


async def form_of(site: OpenSite, query: dict[str, str]) -> dict[str, str]:
    page = await site.client.get("/oauth/authorize", params=query)
    assert page.status_code == 200, page.text
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    return {name: value.replace("&amp;", "&") for name, value in hidden}


async def let_in(site: OpenSite, query: dict[str, str], **more: str):
    form = await form_of(site, query)
    return await site.client.post(
        "/oauth/authorize", data={**form, "decision": "allow", **more}, follow_redirects=False
    )


def code_in(answer) -> str:
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


async def exchange(site: OpenSite, app: dict[str, str], code: str, **changes: str):
    return await site.client.post(
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "redirect_uri": WEB,
            "code": code,
            **changes,
        },
    )


PASSWORD = {"username": "alice", "password": "correct horse"}
