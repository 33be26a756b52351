"""A client that others wrote, against the site that `venire run` serves: nothing is in between."""

from __future__ import annotations

import time

import httpx
import pytest
from mastodon import Mastodon, MastodonNotFoundError

from venire.cli.drills.site import create_account, running_site

pytestmark = [pytest.mark.loopback]

SCOPES = ["read", "write", "follow"]
PASSWORD = "long enough to be one"
# One text for each test: an exact copy of a post that was removed is removed with it.
MEETING = "The council meeting was long and the coffee was cold, see you all next week."
SALE = "Two chairs and a lamp, hardly used, to whoever comes first on Saturday."
WALK = "A walk along the harbour with the old dog, who met a friend on the way."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("site") / "data"


@pytest.fixture(scope="module")
def operator(folder):
    return create_account(folder, "operator", "moderator", "acceptance")


@pytest.fixture(scope="module")
def served(folder, operator):
    with running_site(folder) as opened:
        yield opened


@pytest.fixture
def url(served, socket_enabled):
    return served


def an_app(url: str) -> Mastodon:
    client_id, secret = Mastodon.create_app("Flow", scopes=SCOPES, api_base_url=url)
    return Mastodon(
        client_id=client_id,
        client_secret=secret,
        api_base_url=url,
        ratelimit_method="throw",
        request_timeout=10,
    )


def signed_up(url: str, name: str) -> Mastodon:
    """Signs up, and then in again as everyone does the next day."""
    an_app(url).create_account(name, PASSWORD, f"{name}@mail.test", agreement=True, scopes=SCOPES)
    client = an_app(url)
    client.log_in(f"{name}@mail.test", PASSWORD, scopes=SCOPES, allow_http=True)
    assert client.me().username == name
    return client


def eventually(find):
    """What `find` finds, when it does."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if found := find():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")


def told(client: Mastodon, kind: str):
    return [each for each in client.notifications() if each.type == kind]


def text_of(status) -> str:
    return status.content


def test_people_sign_in_post_follow_reply_report_and_are_told(url, operator):
    alice, bob = signed_up(url, "alice"), signed_up(url, "bob")
    assert bob.account_follow(alice.me().id).following
    eventually(lambda: told(alice, "follow"))

    post = alice.status_post(MEETING, idempotency_key="once")
    assert alice.status_post(MEETING, idempotency_key="once").id == post.id
    home = eventually(bob.timeline_home)
    assert [each.id for each in home] == [post.id]
    assert MEETING in text_of(home[0])
    assert post.id in [each.id for each in bob.timeline_public()]

    reply = bob.status_reply(post, "Was the coffee really cold?", untag=False)
    assert reply.in_reply_to_id == post.id
    mention = eventually(lambda: told(alice, "mention"))[0]
    assert mention.status.id == reply.id
    assert [each.id for each in alice.status_context(post.id).descendants] == [reply.id]
    eventually(lambda: alice.status(post.id).replies_count == 1)

    rules = bob.instance_rules()
    report = bob.report(alice.me().id, status_ids=[post.id], comment="No.", rule_ids=[rules[0].id])
    assert [str(each) for each in report.status_ids] == [str(post.id)]
    receipt = eventually(lambda: [each for each in told(bob, "mention") if each.status])[0]
    assert receipt.status.visibility == "direct"

    assert alice.status_delete(post.id).text == MEETING
    with pytest.raises(MastodonNotFoundError):
        bob.status(post.id)
    eventually(lambda: post.id not in [each.id for each in bob.timeline_home()])
    bob.account_unfollow(alice.me().id)
    assert not bob.account_relationships([alice.me().id])[0].following


def test_the_author_of_a_removed_post_is_warned_and_written_to_by_the_site(url, operator):
    author = signed_up(url, "author")
    post = author.status_post(SALE)
    removed = httpx.post(
        f"{url}/api/v1/admin/posts/{post.id}/actions",
        json={"action": "remove", "reason": "sold something", "category": "spam"},
        headers={"Authorization": f"Bearer {operator['access_token']}"},
        trust_env=False,
    )
    assert removed.status_code == 200, removed.text
    warning = eventually(lambda: told(author, "moderation_warning"))[0]
    assert warning.moderation_warning.action
    assert warning.moderation_warning.text
    letter = eventually(lambda: told(author, "mention"))[0]
    assert letter.status.visibility == "direct"
    assert letter.account.id == warning.account.id
    assert letter.account.username not in {"author", "operator"}
    assert f"{url}/statements/" in text_of(letter.status)
    assert "operator" not in text_of(letter.status)
    with pytest.raises(MastodonNotFoundError):
        author.status(post.id)
    assert post.id not in [each.id for each in author.timeline_public()]
    # The letter is for the author alone.
    with pytest.raises(MastodonNotFoundError):
        Mastodon(api_base_url=url).status(letter.status.id)


def test_a_held_post_stays_its_authors_and_leaves_everyone_elses_pages(url, operator):
    author, reader = signed_up(url, "writer"), signed_up(url, "reader")
    reader.account_follow(author.me().id)
    post = author.status_post(WALK)
    eventually(lambda: post.id in [each.id for each in reader.timeline_home()])
    headers = {"Authorization": f"Bearer {operator['access_token']}"}
    act = {"category": "incitement", "reason": "to be looked at"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as desk:
        path = f"/api/v1/admin/posts/{post.id}/actions"
        held = desk.post(path, json={**act, "action": "hold"}).json()["case"]
        eventually(lambda: post.id not in [each.id for each in reader.timeline_home()])
        with pytest.raises(MastodonNotFoundError):
            reader.status(post.id)
        assert author.status(post.id).id == post.id
        assert eventually(lambda: told(author, "moderation_warning"))
        assert desk.post(f"/api/v1/cases/{held}/actions", json={**act, "action": "keep"}).is_success
    eventually(lambda: post.id in [each.id for each in reader.timeline_home()])
    assert reader.status(post.id).url == post.url
