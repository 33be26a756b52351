"""A client that others wrote keeps lists, follows hashtags and finds people, over a real socket."""

from __future__ import annotations

import time

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError

from tests.api.gathering import hears
from tests.kit.served import serve_site
from venire.posts import announcements

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


@pytest.fixture
def served(socket_enabled, tmp_path):
    with serve_site(tmp_path, subscriptions=hears) as opened:
        yield opened


def client_of(served, username: str) -> Mastodon:
    member = served.call(served.site.member(username))
    return Mastodon(
        access_token=member.created.access_token,
        api_base_url=served.url,
        ratelimit_method="throw",
        request_timeout=10,
    )


def eventually(check) -> None:
    for _ in range(200):
        if check():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def test_it_keeps_a_list(served):
    ani, bob = client_of(served, "ani"), client_of(served, "bob")
    her = bob.me().id
    with pytest.raises(MastodonAPIError):
        ani.list_create("")
    made = ani.list_create("Close", replies_policy="followed", exclusive=True)
    assert (made.title, made.replies_policy, made.exclusive) == ("Close", "followed", True)
    with pytest.raises(MastodonNotFoundError):
        ani.list_accounts_add(made, [her])
    ani.account_follow(her)
    ani.list_accounts_add(made, [her])
    assert [one.username for one in ani.list_accounts(made)] == ["bob"]
    assert [one.id for one in ani.account_lists(her)] == [made.id]
    post = bob.status_post("hello")
    assert [one.id for one in ani.timeline_list(made)] == [post.id]
    assert ani.list_update(made, "Far").title == "Far"
    assert ani.list(made).title == "Far"
    ani.list_accounts_delete(made, [her])
    assert ani.timeline_list(made) == []
    ani.list_delete(made)
    assert ani.lists() == []


def test_it_follows_and_features_hashtags(served):
    ani = client_of(served, "ani")
    post = ani.status_post("#Kopi pagi")
    assert [one.id for one in ani.timeline_hashtag("kopi")] == [post.id]
    assert ani.timeline_hashtag("kopi", only_media=True) == []
    assert ani.tag("kopi").following is False
    assert ani.tag_follow("kopi").following
    assert [tag.name for tag in ani.followed_tags()] == ["kopi"]
    assert not ani.tag_unfollow("kopi").following
    eventually(lambda: ani.tag("kopi").history[0].uses in {1, "1"})
    featured = ani.featured_tag_create("kopi")
    assert featured.name == "kopi"
    assert [tag.name for tag in ani.account_featured_tags(ani.me().id)] == ["kopi"]
    ani.featured_tag_delete(featured)
    assert [tag.name for tag in ani.featured_tag_suggestions()] == ["kopi"]
    assert ani.tag_feature("kopi").featuring
    assert not ani.tag_unfeature("kopi").featuring
    assert ani.featured_tags() == []
    assert ani.trending_tags() == ani.trending_statuses() == ani.trending_links() == []


def test_it_finds_people_and_shows_them(served):
    ani, bob, cat = [client_of(served, name) for name in ("ani", "bob", "cat")]
    for client in (bob, cat):
        client.account_update_credentials(discoverable=True)
    ani.account_follow(bob.me().id)
    bob.account_follow(cat.me().id)
    cat.status_post("hello")
    assert [one.account.username for one in ani.suggestions_v2()] == ["cat"]
    assert [one.username for one in ani.suggestions_v1()] == ["cat"]
    assert ani.account_familiar_followers(cat.me().id)[0].accounts[0].username == "bob"
    ani.suggestion_delete(cat.me().id)
    assert ani.suggestions() == []
    eventually(lambda: [one.username for one in ani.directory()] == ["cat"])
    assert [one.username for one in ani.directory(order="new", local=True)] == ["cat", "bob"]
    assert ani.account_endorse(bob.me().id).endorsed
    assert [one.username for one in ani.endorsements()] == ["bob"]
    assert not ani.account_unendorse(bob.me().id).endorsed
    ani.domain_block("bad.example")
    assert ani.domain_blocks() == ["bad.example"]
    ani.domain_unblock("bad.example")
    assert ani.domain_blocks() == []


def test_it_reads_and_changes_its_profile_and_the_news(served):
    ani = client_of(served, "ani")
    changed = ani.profile_update(note="hello", show_media=False, attribution_domains=["a.example"])
    assert (changed.note, changed.show_media) == ("hello", False)
    assert ani.profile().attribution_domains == ["a.example"]
    served.call(announcements.announce(served.site.world, "maintenance"))
    (news,) = ani.announcements()
    ani.announcement_reaction_create(news, "🎉")
    assert ani.announcements()[0].reactions[0].count == 1
    ani.announcement_reaction_delete(news, "🎉")
    ani.announcement_dismiss(news)
    assert ani.announcements()[0].read


def test_it_reads_what_the_site_has_and_has_not(served):
    ani = client_of(served, "ani")
    assert len(ani.instance_activity()) == 12
    assert ani.instance_peers() == []
    assert ani.instance_domain_blocks() == []
    assert ani.instance_translation_languages() == {}
    assert any(one.code == "id" for one in ani.instance_languages())
    assert ani.annual_reports().annual_reports == []
    assert ani.annual_report_state(2025).state == "ineligible"
    assert ani.account_collections(ani.me().id).collections == []
    assert ani.timeline_link("https://a.example") == []
