"""What a site that has moved makes of its own earlier names, in posts, files and messages."""

from __future__ import annotations

import dataclasses

import pytest

from tests.posts.town import BASE_URL, Town
from venire.people.aliases import identity_of
from venire.people.finding import local_name
from venire.people.model import SITE_USERNAME
from venire.people.store import load_account
from venire.posts import actions, importing
from venire.posts.markup import with_base
from venire.posts.model import DIRECT, Edit
from venire.posts.moving.addresses import elsewhere, post_here, post_named, read_handle
from venire.posts.moving.model import BroughtPost

pytestmark = pytest.mark.anyio

NEW = "https://new.test"
NAMES = ("town.test", "Town.TEST", "new.test", "NEW.test", "middle.test", "standby.test")
STRANGERS = ("evil.test", "town.test.evil.test", "www.town.test", "a.new.test")


@pytest.fixture
def moved(town) -> Town:
    """The town after it has gone to a second and a third address."""
    site = dataclasses.replace(
        town.world.site, base_url=NEW, names=("middle.test",), passkey_domains=("standby.test",)
    )
    town.world = dataclasses.replace(town.world, site=site)
    return town


@pytest.mark.parametrize("name", NAMES)
async def test_whoever_is_named_under_any_name_of_the_site_is_the_same_member(moved, name):
    ani, bimo = await moved.account("ani"), await moved.account("bimo")
    post = await moved.post(ani, f"hello @bimo@{name}, good morning")
    assert [one.id for one in post.mentions] == [bimo]
    assert f'href="{NEW}/@bimo"' in with_base(post.html, NEW)
    assert local_name(moved.world, f"@bimo@{name}") == "bimo"
    assert local_name(moved.world, f"http://{name}/users/bimo/") == "bimo"
    assert await identity_of(moved.world, f"bimo@{name}") == (
        f"{BASE_URL}/users/bimo",
        await load_account(moved.world, bimo),
    )


@pytest.mark.parametrize("name", STRANGERS)
async def test_who_is_named_under_another_name_is_somebody_else(moved, name):
    ani = await moved.account("ani")
    await moved.account("bimo")
    post = await moved.post(ani, f"hello @bimo@{name}, good morning")
    assert post.mentions == ()
    assert local_name(moved.world, f"@bimo@{name}") is None
    named = read_handle(moved.world, f"bimo@{name}")
    assert named is not None
    assert named.domain == name
    assert elsewhere(moved.world, f"https://{name}/users/bimo")


async def test_what_a_post_said_before_names_whom_it_named_under_the_old_name(town):
    ani, bimo = await town.account("ani"), await town.account("bimo")
    post = await town.post(ani, "hello @bimo@town.test and @Bimo")
    site = dataclasses.replace(town.world.site, base_url=NEW)
    town.world = dataclasses.replace(town.world, site=site)
    changed = await actions.edit(town.world, ani, post.id, Edit(text="hello @bimo@new.test"))
    assert [one.id for one in changed.mentions] == [bimo]
    before, now = await actions.history(town.world, changed)
    assert with_base(before.html, NEW).count(f'href="{NEW}/@bimo"') == 2
    assert with_base(now.html, NEW).count(f'href="{NEW}/@bimo"') == 1


@pytest.mark.parametrize("name", NAMES)
async def test_files_that_name_somebody_or_a_post_by_an_old_address_find_it(moved, name):
    ani = await moved.account("ani")
    post = await moved.post(ani)
    named = read_handle(moved.world, f"@ani@{name}")
    assert named is not None
    assert (named.username, named.domain) == ("ani", None)
    for path in (f"/@ani/{post.id}", f"/users/ani/statuses/{post.id}"):
        assert post_named(moved.world, f"https://{name}{path}") == post.id
        assert await post_here(moved.world, ani, f"https://{name}{path}") == post
    assert not elsewhere(moved.world, f"https://{name}/users/ani")
    assert post_named(moved.world, f"https://{name}@evil.test/@ani/{post.id}") is None


async def test_an_old_post_that_is_brought_back_names_whom_it_named_here(moved):
    ani, bimo = await moved.account("ani"), await moved.account("bimo")
    for number, name in enumerate(("town.test", "middle.test", "evil.test")):
        line = BroughtPost(
            number,
            f"https://elsewhere.test/{number}",
            1_600_000_000_000 + number,
            "public",
            f"@bimo@{name} long ago",
            named=(f"bimo@{name}",),
        )
        author = await load_account(moved.world, ani)
        prepared = await importing.prepare(moved.world, author, line)
        assert isinstance(prepared, importing.Prepared)
        expected = [] if name == "evil.test" else [bimo]
        assert [one.id for one in prepared.mentions] == expected


async def test_a_message_of_the_site_leads_to_where_the_site_is_when_it_is_read(town):
    site_id = await town.account(SITE_USERNAME)
    ani = await town.account("ani")
    words = f"Your case: {BASE_URL}/cases/7?x=1&y=2 and https://evil.test/cases/7"
    sent = await actions.send_direct(town.world, site_id, ani, words, key="one")
    assert sent is not None
    assert sent.visibility == DIRECT
    assert BASE_URL not in sent.html
    shown = with_base(sent.html, NEW)
    assert f'href="{NEW}/cases/7?x=1&amp;y=2"' in shown
    assert 'href="https://evil.test/cases/7"' in shown
    assert sent.text.endswith(words)
