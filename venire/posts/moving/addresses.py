"""What an address or an identity in a file means on this site."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from venire.kernel.ids import parse_id
from venire.people.model import DELETED as ACCOUNT_DELETED
from venire.people.model import Account
from venire.people.store import find_by_handle, load_account
from venire.posts import store as posts
from venire.posts.importing import own_post
from venire.posts.model import Post
from venire.storage.world import World

_HANDLE: Final = re.compile(r"@?([A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)(?:@([\w.:-]{1,260}))?")
_PAGE: Final = re.compile(r"/(?:@[^/]+|users/[^/]+/statuses)/(\d{1,19})/?")


class Named(msgspec.Struct, frozen=True):
    """An account as a file names it: in lower case, with a domain where it is elsewhere."""

    username: str
    domain: str | None

    @property
    def address(self) -> str:
        """In the form in which it is kept and compared."""
        return self.username if self.domain is None else f"{self.username}@{self.domain}"


def read_handle(world: World, text: str) -> Named | None:
    """An account as a file names it; None where that is no handle."""
    match = _HANDLE.fullmatch(text.strip())
    if match is None:
        return None
    domain = (match[2] or "").lower()
    here = not domain or world.site.own.has(domain)
    return Named(match[1].lower(), None if here else domain)


async def account_here(world: World, named: Named) -> Account | None:
    """The account of this site that a file names."""
    account = await find_by_handle(world, named.username)
    return None if account is None or account.state == ACCOUNT_DELETED else account


def is_address(text: str) -> bool:
    """Whether a text is a web address."""
    return text.startswith(("https://", "http://")) and not any(sign.isspace() for sign in text)


def post_named(world: World, address: str) -> int | None:
    """The id of the post of this site to whose page an address leads."""
    page = world.site.own.path(address)
    match = None if page is None else _PAGE.fullmatch(page)
    return None if match is None else parse_id(match[1])


async def post_here(world: World, account_id: int, uri: str) -> Post | None:
    """The post of this site with an identity: its own, its page's address, or one brought along."""
    owner = await load_account(world, account_id)
    if owner is not None and (own := await own_post(world, owner, uri)) is not None:
        return own
    named = post_named(world, uri)
    post_id = parse_id(uri.rpartition("/")[2]) if named is None else named
    found = None if post_id is None else await posts.load(world, post_id)
    return found if found is not None and (named is not None or found.uri == uri) else None


def elsewhere(world: World, uri: str) -> bool:
    """Whether an identity is of another site."""
    try:
        host = urlsplit(uri).netloc
    except ValueError:
        return False
    return not world.site.own.has(host)
