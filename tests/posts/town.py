"""A few people with storage under them: what the tests of the posts room write and read through."""

from __future__ import annotations

from pathlib import Path

from tests.kit.blank import open_storage
from venire.kernel.chance import SeededChance
from venire.kernel.clock import DAY_MS, ManualClock
from venire.kernel.ids import AccountId, Ids
from venire.people import follows
from venire.people.model import ACTIVE, MEMBER, Account
from venire.people.store import new_account_writes
from venire.posts import actions, counts, feeds, indexing, polls, reactions, tallies, telling
from venire.posts.model import Draft, Post
from venire.storage.verbs import Envelope
from venire.storage.world import Site, World

BASE_URL = "https://town.test"


class Town:
    """People who post. `hear` tells every subscriber of this room what happened since."""

    def __init__(self, folder: Path, clock: ManualClock | None = None, **world) -> None:
        self.clock = clock or ManualClock()
        ids = Ids(self.clock)
        self.storage = open_storage(folder, self.clock, ids)
        self.world = World(
            storage=self.storage,
            clock=self.clock,
            chance=SeededChance("town"),
            ids=ids,
            site=Site(domain="town.test", base_url=BASE_URL),
            **world,
        )

    async def account(self, username: str, **changes) -> AccountId:
        values = {
            "id": AccountId(self.world.ids.next()),
            "version": 1,
            "username": username,
            "display_name": username.title(),
            "note": "",
            "fields": (),
            "uri": f"{BASE_URL}/users/{username}",
            "state": ACTIVE,
            "role": MEMBER,
            "locked": False,
            "bot": False,
            "discoverable": True,
            "indexable": True,
            "hide_collections": False,
            "privacy": "public",
            "sensitive": False,
            "language": None,
            # Old enough that no budget of newcomers holds them.
            "created_at_ms": self.clock.now_ms() - 365 * DAY_MS,
            **changes,
        }
        account = Account(**values)
        await self.storage.commit(
            f"account:{account.id}", new_account_writes(account, None), expect=0
        )
        return account.id

    async def post(self, author: int, text: str = "hello", **draft) -> Post:
        self.clock.advance(1)
        return await actions.publish(self.world, author, Draft(text=text, **draft))

    async def follow(self, follower: int, followee: int, **how) -> None:
        await follows.follow(self.world, AccountId(follower), followee, follows.Manner(**how))

    async def hear(self) -> list[Envelope]:
        """Tell every subscriber what they have not heard."""
        page = await self.storage.tail(await self.storage.position(feeds.CURSOR), 100_000)
        await self.tell(page)
        return page

    async def tell(self, page: list[Envelope]) -> None:
        """Tell a page to every subscriber, whether or not it was told before."""
        if page:
            for heard in (feeds.fan_out, tallies.count_page, polls.count_page):
                await heard(self.world, page, page[-1].sequence)
        for envelope in page:
            await reactions.on_reposted(self.world, envelope)
            await counts.count_replies(self.world, envelope)
            await telling.tell(self.world, envelope)

    async def index(self, search) -> None:
        page = await self.storage.tail(await self.storage.position(indexing.CURSOR), 100_000)
        if page:
            await indexing.index_page(self.world, search, page, page[-1].sequence)
