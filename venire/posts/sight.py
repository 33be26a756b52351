"""What stands between a viewer and the posts of a page, read once per request.

A block, a hold or an erasure is obeyed from the next request on: what is kept longer is kept only
until one of the rows that it came from is written (`storage/memory.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from venire.kernel.ids import AccountId
from venire.people.countries import countries_of
from venire.people.followees import Followee, Followees, followees_of
from venire.people.model import DELETED, Account
from venire.people.relations import Hidden, hidden_from
from venire.people.store import load_accounts
from venire.posts import rules
from venire.posts.hiding import hidden_posts
from venire.posts.model import LISTED, VISIBLE, Post, Relation
from venire.posts.store import load_many
from venire.storage.world import World

_NOBODY: frozenset[AccountId] = frozenset()
_STRANGER = Relation()
_FOLLOWING = Relation(following=True)


def _follows_nobody(_account_id: int) -> Followee | None:
    return None


class Sight:
    """A viewer's eyes (None: not signed in). Make one per request with `Sight.of`."""

    def __init__(
        self,
        world: World,
        viewer_id: int | None,
        hidden: Hidden,
        followees: Followees | None,
        countries: frozenset[str],
        *,
        put_away: frozenset[int] = frozenset(),
    ) -> None:
        self.viewer_id = viewer_id
        self.hidden = hidden
        self._countries = countries
        self._put_away = put_away
        self._world = world
        self._hides_some = not hidden.empty
        self._followees = followees
        self.followee: Callable[[int], Followee | None] = (
            _follows_nobody if followees is None else followees.get
        )
        """How the viewer follows an account that was learned; None where they do not."""
        self._gone: dict[int, bool] = {}
        self.accounts: dict[AccountId, Account] = {}
        """Those that were learned and exist."""
        self._shown: dict[int, Post] = {}

    @classmethod
    async def of(cls, world: World, viewer_id: int | None) -> Sight:
        """Read whom a viewer does not see."""
        countries = await countries_of(world, viewer_id)
        if viewer_id is None:
            return cls(world, None, Hidden(_NOBODY, _NOBODY, _NOBODY), None, countries)
        hidden = await hidden_from(world, viewer_id)
        followees = await followees_of(world, viewer_id)
        put_away = await hidden_posts(world, viewer_id)
        return cls(world, viewer_id, hidden, followees, countries, put_away=put_away)

    async def learn(self, account_ids: Iterable[int | None]) -> None:
        """Read what is not known yet about some accounts; needed before asking about them."""
        gone = self._gone
        new = {one for one in account_ids if one is not None and one not in gone}
        if not new:
            return
        there = await load_accounts(self._world, new)
        self.accounts.update(there)
        for one in new:
            account = there.get(AccountId(one))
            gone[one] = account is None or account.state == DELETED
        if self._followees is not None:
            await self._followees.learn([*new])

    async def posts(self, post_ids: Sequence[int]) -> list[Post]:
        """Load posts, learn their authors, and whatever their boosts show."""
        found = await load_many(self._world, post_ids)
        boosted = [post.reblog_of_id for post in found if post.reblog_of_id is not None]
        if boosted:
            shown = await load_many(self._world, boosted)
            self._shown |= {int(post.id): post for post in shown}
            await self.learn(post.author_id for post in shown)
        await self.learn(post.author_id for post in found)
        return found

    def shown_by(self, post: Post) -> Post | None:
        """What a post shows: itself, or what it boosts, if that was loaded with `posts`."""
        return post if post.reblog_of_id is None else self._shown.get(post.reblog_of_id)

    def relation(self, account_id: int) -> Relation:
        """What stands between the viewer and an account that was learned."""
        following = self.followee(account_id) is not None
        if not self._hides_some:
            return _FOLLOWING if following else _STRANGER
        one = AccountId(account_id)
        return Relation(
            following=following,
            blocking=one in self.hidden.blocking,
            blocked_by=one in self.hidden.blocked_by,
            muting=one in self.hidden.muting,
        )

    def hides(self, account_id: int) -> bool:
        """Whether a block or a mute stands between the viewer and an account."""
        return self._hides_some and AccountId(account_id) in self.hidden.anyone

    def there(self, account_id: int) -> bool:
        """Whether an account that was learned is not deleted."""
        return not self._gone.get(account_id, True)

    def sees(self, post: Post) -> bool:
        """Whether the viewer may see a post whose author was learned.

        A boost is seen where both it and what it shows are.
        """
        if not self.there(post.author_id) or self._withheld(post) or post.id in self._put_away:
            return False
        if post.reblog_of_id is not None:
            shown = self._shown.get(post.reblog_of_id)
            if shown is None or not self.sees(shown):
                return False
        return rules.may_see(post, self.viewer_id, self.relation(post.author_id))

    def _withheld(self, post: Post) -> bool:
        """Whether an order keeps a post from viewers of a country that this one is known to be in.

        Its author sees it everywhere: what was ordered is not to hide it from them.
        """
        return (
            bool(post.withheld_in)
            and post.author_id != self.viewer_id
            and not post.withheld_in.isdisjoint(self._countries)
        )

    def lists(self, post: Post) -> bool:
        """Whether the viewer is shown a post they did not ask for."""
        if post.reblog_of_id is not None:
            shown = self._shown.get(post.reblog_of_id)
            if shown is None or self.hides(shown.author_id):
                return False
        author = self.accounts.get(post.author_id)
        fewer = post.demoted or (author is not None and author.silenced)
        if fewer and not self._knows(post.author_id):
            return False
        return self.sees(post) and rules.may_list(
            post, self.viewer_id, self.relation(post.author_id)
        )

    def _knows(self, account_id: AccountId) -> bool:
        """Whether the viewer chose to see an account that is limited."""
        return account_id == self.viewer_id or self.followee(account_id) is not None

    def wants_home(self, post: Post) -> bool:
        """Whether a post belongs in the viewer's home; its parent's author was learned too."""
        if self.viewer_id is None:
            return False
        if self._plainly(post):
            return True
        if not self.lists(post):
            return False
        parent = post.in_reply_to_account_id
        if parent is not None and self.hides(parent):
            return False
        followee = self.followee(post.author_id)
        if followee is not None and not _wanted(followee, post):
            return False
        follows_parent = parent is not None and self.followee(parent) is not None
        return rules.belongs_home(
            post, self.viewer_id, self.relation(post.author_id), follows_parent=follows_parent
        )

    def _plainly(self, post: Post) -> bool:
        """Whether none of the questions arises that the rules are about: so it is with most posts.

        Asked first because asking all of them of twenty posts is a third of what a home costs.
        """
        if (
            self._hides_some
            or post.reblog_of_id is not None
            or post.in_reply_to_account_id is not None
            or post.state != VISIBLE
            or post.withheld_in
            or post.id in self._put_away
            or post.visibility not in LISTED
            or self._gone.get(post.author_id, True)
        ):
            return False
        followee = self.followee(post.author_id)
        return followee is not None and not followee.languages

    def passes(self, author_id: int) -> bool:
        """Whether posts of an author that was learned may stand in the viewer's home at all."""
        if author_id == self.viewer_id:
            return True
        if self.followee(author_id) is None:
            return False
        return not (self._hides_some and self.hides(author_id))


def _wanted(followee: Followee, post: Post) -> bool:
    """Whether a post is one of those for which its author is followed."""
    if post.reblog_of_id is not None:
        return followee.reblogs
    return not followee.languages or post.language is None or post.language in followee.languages
