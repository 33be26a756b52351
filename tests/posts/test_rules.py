from __future__ import annotations

import itertools

import msgspec
import pytest

from venire.kernel.ids import AccountId, PostId
from venire.posts import rules
from venire.posts.model import VISIBILITIES, Mention, Post, Relation

AUTHOR, NAMED, FOLLOWER, STRANGER = (AccountId(n) for n in (1, 2, 3, 4))

POST = Post(
    id=PostId(10),
    version=1,
    author_id=AUTHOR,
    text="x",
    html="<p>x</p>",
    spoiler="",
    visibility="public",
    language=None,
    sensitive=False,
    in_reply_to_id=None,
    in_reply_to_account_id=None,
    conversation_id=10,
    mentions=(Mention(NAMED, "named"),),
    tags=(),
    uri="u",
    created_at_ms=1,
)

VIEWERS = {
    "author": (AUTHOR, Relation()),
    "named": (NAMED, Relation()),
    "follower": (FOLLOWER, Relation(following=True)),
    "stranger": (STRANGER, Relation()),
    "nobody": (None, Relation()),
    "blocked": (STRANGER, Relation(blocked_by=True, following=True)),
    "blocked and named": (NAMED, Relation(blocked_by=True)),
}

SEES = {
    ("visible", "public"): {"author", "named", "follower", "stranger", "nobody"},
    ("visible", "unlisted"): {"author", "named", "follower", "stranger", "nobody"},
    ("visible", "private"): {"author", "named", "follower"},
    ("visible", "direct"): {"author", "named"},
    ("held", "public"): {"author"},
    ("held", "unlisted"): {"author"},
    ("held", "private"): {"author"},
    ("held", "direct"): {"author"},
}


@pytest.mark.parametrize(
    ("state", "visibility", "viewer"),
    list(itertools.product(("visible", "held", "removed", "deleted"), VISIBILITIES, VIEWERS)),
)
def test_the_visibility_matrix(state, visibility, viewer):
    post = msgspec.structs.replace(POST, state=state, visibility=visibility)
    viewer_id, relation = VIEWERS[viewer]
    expected = viewer in SEES.get((state, visibility), set())
    assert rules.may_see(post, viewer_id, relation) == expected
    hiding = msgspec.structs.replace(relation, muting=True)
    assert not rules.may_list(post, viewer_id, hiding)


@pytest.mark.parametrize(
    ("changes", "relation", "follows_parent", "home"),
    [
        ({}, Relation(following=True), False, True),
        ({}, Relation(), False, False),
        ({}, Relation(following=True, muting=True), False, False),
        ({}, Relation(following=True, blocking=True), False, False),
        ({"in_reply_to_account_id": AccountId(9)}, Relation(following=True), False, False),
        ({"in_reply_to_account_id": AccountId(9)}, Relation(following=True), True, True),
        ({"in_reply_to_account_id": STRANGER}, Relation(following=True), False, True),
        ({"in_reply_to_account_id": AUTHOR}, Relation(following=True), False, True),
        ({"visibility": "direct"}, Relation(following=True), False, False),
        ({"visibility": "private"}, Relation(following=True), False, True),
        ({"state": "held"}, Relation(following=True), False, False),
    ],
)
def test_what_stands_in_a_home(changes, relation, follows_parent, home):
    post = msgspec.structs.replace(POST, **changes)
    assert rules.belongs_home(post, STRANGER, relation, follows_parent=follows_parent) == home


def test_ones_own_posts_stand_in_ones_home_held_or_not():
    for changes in ({}, {"visibility": "direct"}, {"state": "held"}):
        post = msgspec.structs.replace(POST, **changes)
        assert rules.belongs_home(post, AUTHOR, Relation(), follows_parent=False)
