"""What stands between a viewer and the authors of a page, read once per request, never kept.

A block, a hold or an erasure must be obeyed from the next request on.
"""

from __future__ import annotations

from collections.abc import Iterable

from venire.kernel.ids import AccountId
from venire.people.follows import is_following
from venire.people.model import DELETED
from venire.people.relations import Hidden, hidden_from
from venire.people.store import load_accounts
from venire.posts import rules
from venire.posts.model import Post, Relation
from venire.storage.world import World

_NOBODY: frozenset[AccountId] = frozenset()


class Sight:
    """A viewer's eyes (None: not signed in). Make one per request with `Sight.of`."""

    def __init__(self, world: World, viewer_id: int | None, hidden: Hidden) -> None:
        self.viewer_id = viewer_id
        self.hidden = hidden
        self._world = world
        self._following: dict[int, bool] = {}
        self._gone: dict[int, bool] = {}

    @classmethod
    async def of(cls, world: World, viewer_id: int | None) -> Sight:
        """Read whom a viewer does not see."""
        if viewer_id is None:
            return cls(world, None, Hidden(_NOBODY, _NOBODY, _NOBODY))
        return cls(world, viewer_id, await hidden_from(world, viewer_id))

    async def learn(self, account_ids: Iterable[int | None]) -> None:
        """Read what is not known yet about some accounts; needed before asking about them."""
        new = [one for one in dict.fromkeys(account_ids) if one is not None]
        new = [one for one in new if one not in self._gone]
        if not new:
            return
        there = await load_accounts(self._world, new)
        for one in new:
            account = there.get(AccountId(one))
            self._gone[one] = account is None or account.state == DELETED
            if self.viewer_id is not None and one != self.viewer_id:
                self._following[one] = await is_following(self._world, self.viewer_id, one)

    def relation(self, account_id: int) -> Relation:
        """What stands between the viewer and an account that was learned."""
        one = AccountId(account_id)
        return Relation(
            following=self._following.get(one, False),
            blocking=one in self.hidden.blocking,
            blocked_by=one in self.hidden.blocked_by,
            muting=one in self.hidden.muting,
        )

    def there(self, account_id: int) -> bool:
        """Whether an account that was learned is not deleted."""
        return not self._gone.get(account_id, True)

    def sees(self, post: Post) -> bool:
        """Whether the viewer may see a post whose author was learned."""
        if not self.there(post.author_id):
            return False
        return rules.may_see(post, self.viewer_id, self.relation(post.author_id))

    def lists(self, post: Post) -> bool:
        """Whether the viewer is shown a post they did not ask for."""
        return self.sees(post) and rules.may_list(
            post, self.viewer_id, self.relation(post.author_id)
        )

    def wants_home(self, post: Post) -> bool:
        """Whether a post belongs in the viewer's home; its parent's author was learned too."""
        if self.viewer_id is None or not self.sees(post):
            return False
        parent = post.in_reply_to_account_id
        follows_parent = parent is not None and self.relation(parent).following
        hides_parent = parent is not None and AccountId(parent) in self.hidden.anyone
        return not hides_parent and rules.belongs_home(
            post, self.viewer_id, self.relation(post.author_id), follows_parent=follows_parent
        )

    def passes(self, author_id: int) -> bool:
        """Whether posts of an author that was learned may stand in the viewer's home at all."""
        if author_id == self.viewer_id:
            return True
        relation = self.relation(author_id)
        return relation.following and not (
            relation.blocking or relation.blocked_by or relation.muting
        )
