"""A client that others wrote searches, over a real connection."""

from __future__ import annotations

import asyncio

import pytest
from mastodon import Mastodon

from tests.api.search_site import search_subscriptions
from tests.kit.served import serve_site
from venire.adapters.search.sqlite_fts import SqliteIndex

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


@pytest.fixture
def served(socket_enabled, tmp_path):
    index = SqliteIndex(tmp_path / "search.db")
    with serve_site(
        tmp_path, parts=lambda _world: {"search": index}, subscriptions=search_subscriptions
    ) as opened:
        yield opened
    asyncio.run(index.close())


def client_of(served, username: str) -> Mastodon:
    member = served.call(served.site.member(username))
    return Mastodon(
        access_token=member.created.access_token, api_base_url=served.url, request_timeout=10
    )


def test_it_finds_people_posts_and_hashtags_at_once(served):
    ani, bob = client_of(served, "ani"), client_of(served, "bob")
    ani.account_update_credentials(indexable=True, display_name="Ani Sari")
    post = ani.status_post("kopi susu #pagi")
    reply = bob.status_post("@ani kopi juga", in_reply_to_id=post.id, visibility="direct")
    assert [one.id for one in ani.search_v2("kopi").statuses] == [reply.id, post.id]
    assert [one.id for one in bob.search_v2("from:ani kopi -juga").statuses] == [post.id]
    found = bob.search_v2("sari", result_type="accounts")
    assert ([one.username for one in found.accounts], found.statuses) == (["ani"], [])
    assert [tag.name for tag in bob.search_v2("#pa", result_type="hashtags").hashtags] == ["pagi"]
    assert [one.id for one in bob.search_v2(post.url, resolve=True).statuses] == [post.id]
    assert [one.id for one in bob.search_v1("kopi").statuses] == [reply.id, post.id]
    assert bob.search_v2("kopi", account_id=post.account.id, max_id=post.id).statuses == []
    assert len(bob.search_v2("kopi", min_id=post.id).statuses) == 1
    assert [one.username for one in bob.account_search("an", limit=5)] == ["ani"]
    assert bob.account_search("an", following=True) == []
    bob.account_follow(post.account.id)
    assert [one.username for one in bob.account_search("an", following=True)] == ["ani"]
    assert [one.id for one in bob.search("kopi is:reply").statuses] == [reply.id]
