"""A client that others wrote boosts, marks, quotes and votes, and meets what is not here."""

from __future__ import annotations

import pytest
from mastodon import (
    Mastodon,
    MastodonAPIError,
    MastodonNotFoundError,
    MastodonVersionError,
    StreamListener,
)

from tests.api.gathering import hears
from tests.kit.served import serve_site

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


@pytest.fixture
def served(socket_enabled, tmp_path):
    with serve_site(tmp_path, subscriptions=hears) as opened:
        yield opened


def client_of(served, username: str, role: str = "member") -> Mastodon:
    member = served.call(served.site.member(username, role=role))
    return Mastodon(
        access_token=member.created.access_token,
        api_base_url=served.url,
        ratelimit_method="throw",
        request_timeout=10,
    )


def test_it_favourites_boosts_bookmarks_and_pins(served):
    ani, bob = client_of(served, "ani"), client_of(served, "bob")
    post = ani.toot("Good morning")
    assert bob.status_favourite(post).favourited
    boost = bob.status_reblog(post)
    assert boost.reblog.id == post.id
    assert bob.status_bookmark(post).bookmarked
    assert ani.status_pin(post).pinned
    assert [one.username for one in bob.status_favourited_by(post)] == ["bob"]
    assert [one.username for one in bob.status_reblogged_by(post)] == ["bob"]
    assert [one.id for one in bob.favourites()] == [post.id]
    assert [one.id for one in bob.bookmarks()] == [post.id]
    assert [one.id for one in bob.account_statuses(ani.me(), pinned=True)] == [post.id]
    assert not bob.status_unfavourite(post).favourited
    assert not bob.status_unreblog(post).reblogged
    assert not bob.status_unbookmark(post).bookmarked
    assert not ani.status_unpin(post).pinned
    assert bob.favourites() == bob.bookmarks() == bob.status_reblogged_by(post) == []


def test_it_edits_and_reads_what_was_said_before(served):
    ani = client_of(served, "ani")
    post = ani.status_post("Good mornin", spoiler_text="early")
    served.site.clock.advance(1_000)
    changed = ani.status_update(post, "Good morning", spoiler_text="early")
    assert changed.edited_at is not None
    assert ani.status_source(post).text == "Good morning"
    assert len(ani.status_history(post)) == 2
    assert [one.id for one in ani.statuses([post.id])] == [post.id]


def test_it_quotes_with_consent_which_can_be_taken_back(served):
    ani, bob = client_of(served, "ani"), client_of(served, "bob")
    post = ani.status_post("Quote me", quote_approval_policy="public")
    quote = bob.status_post("As she said", quoted_status_id=post)
    assert quote.quote.state == "accepted"
    assert quote.quote.quoted_status.id == post.id
    assert [one.id for one in ani.status_quotes(post)] == [quote.id]
    assert ani.status_quote_revoke(post, quote).quote.state == "revoked"
    closed = ani.status_update_quote_approval_policy(post, "nobody")
    assert closed.quote_approval.automatic == []
    with pytest.raises(MastodonAPIError):
        bob.status_post("Once more", quoted_status_id=post)


def test_it_votes_in_a_poll(served):
    ani, bob = client_of(served, "ani"), client_of(served, "bob")
    asked = ani.make_poll(["tea", "coffee"], expires_in=600)
    poll = ani.status_post("Which?", poll=asked).poll
    voted = bob.poll_vote(poll, [1])
    assert voted.voted
    assert voted.own_votes == [1]
    assert bob.poll(poll).voted
    with pytest.raises(MastodonAPIError):
        bob.poll_vote(poll, [0])


def test_it_reads_timelines_by_any_of_their_names(served):
    ani, bob = client_of(served, "ani"), client_of(served, "bob")
    post = bob.status_post("Local news")
    assert [one.id for one in ani.timeline("local")] == [post.id]
    assert [one.id for one in ani.timeline_local()] == [post.id]
    assert [one.id for one in ani.timeline_public()] == [post.id]
    assert ani.timeline_is_available("public", local=True)


def test_it_changes_who_is_tied_to_whom(served):
    ani, bob = client_of(served, "ani"), client_of(served, "bob")
    her = ani.me()
    assert bob.account_follow(her).following
    assert [one.username for one in bob.account_following(bob.me())] == ["ani"]
    assert not ani.account_remove_from_followers(bob.me()).followed_by
    bob.account_block(her)
    assert not bob.account_unblock(her).blocking
    bob.account_mute(her)
    assert not bob.account_unmute(her).muting
    assert bob.account_note_set(her, "from the market").note == "from the market"
    assert bob.follows("ani").following
    assert bob.account_pin(her).endorsed
    assert not bob.account_unpin(her).endorsed
    ani.account_update_credentials(locked=True)
    cem = client_of(served, "cem")
    assert cem.account_follow(her).requested
    assert not ani.follow_request_reject(cem.me()).followed_by


def test_it_learns_what_the_site_is(served):
    ani = client_of(served, "ani")
    assert ani.instance().title == ani.instance_v2().title
    assert ani.verify_minimum_version("4.0.0")
    with pytest.raises(MastodonNotFoundError):
        # This site was given no rules.
        ani.instance_terms_of_service()
    assert ani.instance_extended_description().content is not None
    assert ani.oauth_authorization_server_info().token_endpoint.startswith(served.url)
    assert ani.trends() == []


def test_what_is_not_here_is_a_refusal_that_it_understands(served):
    ani = client_of(served, "ani")
    post = ani.status_post("Something to look at")
    with pytest.raises(MastodonNotFoundError):
        ani.annual_report(2025)
    with pytest.raises(MastodonNotFoundError):
        ani.get_async_refresh_status("1")
    for refused in (
        lambda: ani.collection(1),
        lambda: ani.collection_create("Friends"),
        lambda: ani.collection_update(1, name="Foes"),
        lambda: ani.collection_delete(1),
        lambda: ani.collection_item_add(1, ani.me()),
        lambda: ani.collection_item_delete(1, 1),
        lambda: ani.collection_item_revoke(1, 1),
        lambda: ani.status_translate(post),
        ani.email_resend_confirmation,
    ):
        with pytest.raises((MastodonAPIError, MastodonVersionError)):
            refused()
    assert ani.account_in_collections(ani.me()).collections == []
    assert not ani.status_card(post)


def test_it_listens_in_the_ways_that_are_left(served):
    ani = client_of(served, "ani")
    handles = [
        ani.stream_local(StreamListener(), run_async=True),
        ani.stream_user_notifications(StreamListener(), run_async=True),
        ani.stream_list(ani.list_create("Close"), StreamListener(), run_async=True),
    ]
    try:
        assert all(handle.is_alive() for handle in handles)
    finally:
        served.close_streams()
        for handle in handles:
            handle.close()


def test_it_reads_a_filter_and_the_posts_it_hides(served):
    ani = client_of(served, "ani")
    hidden = ani.status_post("Not again")
    made = ani.create_filter_v2("Again", ["home"], "warn")
    ani.add_filter_status_v2(made, hidden)
    assert ani.filter_v2(made).title == "Again"
    assert len(ani.filter_statuses_v2(made)) == 1


def test_it_goes_back_to_no_picture(served):
    ani = client_of(served, "ani")
    assert ani.account_delete_avatar().avatar.endswith("missing.png")
    assert ani.account_delete_header().header.endswith("missing.png")


def test_it_answers_several_requests_at_once(served):
    ani = client_of(served, "ani")
    ani.accept_multiple_notification_requests([1, 2])
    ani.dismiss_multiple_notification_requests([1, 2])
    assert ani.notification_requests() == []


def test_an_admin_decides_on_those_who_wait(served):
    admin = client_of(served, "admin", role="admin")
    found = admin.admin_accounts(status="active")
    assert [one["username"] for one in found] == ["admin"]
    with pytest.raises(MastodonAPIError):
        admin.admin_account_reject(admin.me())
    with pytest.raises(MastodonAPIError):
        admin.admin_account_approve(1)
    for decide in (
        admin.admin_approve_trending_tag,
        admin.admin_reject_trending_tag,
        admin.admin_approve_trending_link,
        admin.admin_reject_trending_link,
        admin.admin_approve_trending_status,
        admin.admin_reject_trending_status,
    ):
        with pytest.raises(MastodonNotFoundError):
            decide("1")
