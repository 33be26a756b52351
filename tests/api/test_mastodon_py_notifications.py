"""A client that others wrote: notifications, filters, conversations, pushes."""

from __future__ import annotations

import time

import pytest
from mastodon import Mastodon, MastodonNotFoundError

from tests.api.telling_site import telling_subscriptions
from tests.kit.served import serve_site
from venire.kernel.clock import DAY_MS

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

SCOPES = ["read", "write", "follow", "push"]


@pytest.fixture
def served(socket_enabled, tmp_path):
    with serve_site(tmp_path, subscriptions=telling_subscriptions) as opened:
        yield opened


def signed_in(served, username: str) -> Mastodon:
    served.call(served.site.member(username))
    client_id, secret = Mastodon.create_app("Test", scopes=SCOPES, api_base_url=served.url)
    client = Mastodon(
        client_id=client_id,
        client_secret=secret,
        api_base_url=served.url,
        ratelimit_method="throw",
        request_timeout=10,
    )
    client.log_in(f"{username}@mail.test", "correct horse", scopes=SCOPES, allow_http=True)
    return client


def eventually(check):
    for _ in range(500):
        if found := check():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def test_it_reads_notifications_alone_and_in_groups(served):
    ani, bob = signed_in(served, "ani"), signed_in(served, "bob")
    post = ani.status_post("hello")
    bob.status_favourite(post)
    bob.status_post("@ani hi")
    told = eventually(lambda: [n for n in [ani.notifications()] if len(n) == 2])[0]
    assert {one.type for one in told} == {"favourite", "mention"}
    assert ani.notifications(id=told[0]).id == told[0].id
    assert ani.notifications_unread_count()["count"] == 2
    groups = ani.grouped_notifications()
    assert len(groups.notification_groups) == 2
    assert ani.unread_grouped_notifications_count() == 2
    key = next(one.group_key for one in groups.notification_groups if one.type == "favourite")
    assert ani.grouped_notification(key).notification_groups[0].group_key == key
    assert [one.username for one in ani.grouped_notification_accounts(key)] == ["bob"]
    ani.dismiss_grouped_notification(key)
    ani.notifications_dismiss(ani.notifications()[0])
    assert ani.notifications() == []
    ani.notifications_clear()


def test_it_answers_requests_and_sets_the_policy(served):
    ani = signed_in(served, "ani")
    served.site.clock.advance(2 * DAY_MS)
    eve, bob = signed_in(served, "eve"), signed_in(served, "bob")
    eve.status_post("@ani one")
    bob.status_post("@ani two")
    waiting = eventually(lambda: [r for r in [ani.notification_requests()] if len(r) == 2])[0]
    assert ani.notification_request(waiting[0]).account.username in {"eve", "bob"}
    ani.accept_notification_request(waiting[0])
    ani.dismiss_notification_request(waiting[1])
    assert ani.notifications_merged()
    assert len(ani.notifications()) == 1
    policy = ani.update_notifications_policy(for_new_accounts="accept")
    assert policy.for_new_accounts == "accept"
    assert ani.notifications_policy().for_private_mentions == "filter"


def test_it_keeps_filters_in_both_versions(served):
    ani = signed_in(served, "ani")
    one = ani.create_filter_v2(
        "Drinks",
        ["home"],
        "warn",
        expires_in=3600,
        keywords_attributes=[{"keyword": "coffee", "whole_word": True}],
    )
    assert ani.filters_v2()[0].id == one.id
    word = ani.add_filter_keyword_v2(one, "tea")
    assert [each.keyword for each in ani.filter_keywords_v2(one)] == ["coffee", "tea"]
    ani.delete_filter_keyword_v2(word)
    post = ani.status_post("x")
    named = ani.add_filter_status_v2(one, post)
    assert ani.filter_status_v2(named).status_id == post.id
    ani.delete_filter_status_v2(named)
    assert ani.update_filter_v2(one, title="Other").title == "Other"
    old = ani.filter_create("milk", ["home", "public"], expires_in=60)
    assert ani.filter(old).phrase == "milk"
    assert ani.filter_update(old, phrase="cream").phrase == "cream"
    assert len(ani.filters()) == 2
    ani.filter_delete(old)
    ani.delete_filter_v2(one)
    assert ani.filters_v2() == []


def test_it_reads_conversations_and_mutes_threads(served):
    ani, bob = signed_in(served, "ani"), signed_in(served, "bob")
    post = ani.status_post("@bob psst", visibility="direct")
    (one,) = eventually(bob.conversations)
    assert one.unread
    assert one.last_status.id == post.id
    assert not bob.conversations_read(one).unread
    assert bob.status_mute(post).muted
    assert not bob.status_unmute(post).muted


def test_it_subscribes_to_pushes(served):
    ani = signed_in(served, "ani")
    with pytest.raises(MastodonNotFoundError):
        ani.push_subscription()
    _, public = ani.push_subscription_generate_keys()
    one = ani.push_subscription_set(
        "https://push.example/x", public, follow_events=True, mention_events=True
    )
    assert (one.endpoint, one.alerts.follow, one.alerts.poll) == (
        "https://push.example/x",
        True,
        False,
    )
    assert ani.push_subscription_update(poll_events=True).alerts.poll
    ani.push_subscription_delete()


def test_it_moves_markers(served):
    ani = signed_in(served, "ani")
    post = ani.status_post("x")
    ani.markers_set(["home", "notifications"], [post.id, post.id])
    found = ani.markers_get(["home", "notifications"])
    assert str(found["home"].last_read_id) == str(post.id)
