"""A client that others wrote signs in, follows and reads, over a real connection."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from mastodon import Mastodon, MastodonIllegalArgumentError, MastodonUnauthorizedError

from tests.kit.served import serve_site

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

SCOPES = ["read", "write", "follow", "push"]


@pytest.fixture
def served(socket_enabled, tmp_path):
    with serve_site(tmp_path) as opened:
        yield opened


def a_client(served, **more) -> Mastodon:
    client_id, secret = Mastodon.create_app(
        "Test", scopes=SCOPES, api_base_url=served.url, redirect_uris=more.pop("uris", None)
    )
    return Mastodon(
        client_id=client_id,
        client_secret=secret,
        api_base_url=served.url,
        ratelimit_method="throw",
        request_timeout=10,
        **more,
    )


def by_password(served, username: str) -> Mastodon:
    client = a_client(served)
    client.log_in(f"{username}@mail.test", "correct horse", scopes=SCOPES, allow_http=True)
    return client


def eventually(check) -> None:
    for _ in range(200):
        if check():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def test_it_signs_up_and_follows(served):
    served.call(served.site.member("bob"))
    client = a_client(served)
    token = client.create_account(
        "alice", "long enough", "alice@mail.test", agreement=True, scopes=SCOPES
    )
    assert token == client.access_token
    me = client.account_verify_credentials()
    assert (me.username, me.source.privacy) == ("alice", "public")
    bob = client.account_lookup("bob")
    assert client.account_follow(bob.id).following
    assert client.account_relationships([bob.id])[0].following
    eventually(lambda: client.account(bob.id).followers_count == 1)
    assert [one.username for one in client.account_followers(bob.id)] == ["alice"]
    assert client.account_search("bo", limit=1)[0].id == bob.id
    assert not client.account_unfollow(bob.id).following
    assert client.account_mute(bob.id, duration=60).muting
    assert client.mutes()[0].id == bob.id
    assert client.account_block(bob.id).blocking
    assert client.blocks()[0].id == bob.id


def test_it_signs_in_by_password_changes_its_profile_and_leaves(served):
    served.call(served.site.member("alice"))
    client = by_password(served, "alice")
    changed = client.account_update_credentials(
        display_name="Alice", note="Hello", locked=True, fields=[("Web", "https://a.example")]
    )
    assert (changed.display_name, changed.locked) == ("Alice", True)
    assert changed.fields[0].name == "Web"
    assert client.app_verify_credentials().name == "Test"
    assert client.preferences()["posting:default:visibility"] == "public"
    assert client.markers_set(["home"], ["17"])["home"].last_read_id == "17"
    client.revoke_access_token(allow_http=True)
    with pytest.raises((MastodonUnauthorizedError, MastodonIllegalArgumentError)):
        client.account_verify_credentials()
    with pytest.raises(MastodonIllegalArgumentError):
        a_client(served).log_in("alice@mail.test", "wrong", scopes=SCOPES, allow_http=True)


def test_it_signs_in_through_the_page(served):
    served.call(served.site.member("alice"))
    uri = "https://client.example/back"
    client = a_client(served, uris=[uri])
    url = client.auth_request_url(redirect_uris=uri, scopes=SCOPES, state="s", allow_http=True)
    with httpx.Client(base_url=served.url) as browser:
        page = browser.get(url)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
        answer = browser.post(
            "/oauth/authorize",
            data={**hidden, "username": "alice", "password": "correct horse", "decision": "allow"},
        )
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    client.log_in(code=code, redirect_uri=uri, scopes=SCOPES, allow_http=True)
    assert client.me().username == "alice"


def test_it_reads_what_the_site_is(served):
    client = Mastodon(api_base_url=served.url)
    assert client.instance_v2().configuration.statuses.max_characters == 1000
    assert client.instance_v1().title == "Venire"
    assert client.instance_nodeinfo().software.name == "venire"
    assert client.instance_rules() == []
    assert client.instance_health()
    assert client.custom_emojis() == []
    assert str(client.retrieve_mastodon_version()).startswith("4.5.0")


def test_a_locked_member_answers_requests(served):
    served.call(served.site.member("alice"))
    served.call(served.site.member("bob"))
    alice, bob = by_password(served, "alice"), by_password(served, "bob")
    bob.account_update_credentials(locked=True)
    assert alice.account_follow(bob.me().id).requested
    waiting = bob.follow_requests()
    assert [one.username for one in waiting] == ["alice"]
    bob.follow_request_authorize(waiting[0].id)
    assert alice.account_relationships([bob.me().id])[0].following
