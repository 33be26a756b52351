"""What a post is searched by."""

from __future__ import annotations

from msgspec.structs import replace

from venire.kernel.ids import AccountId, PostId
from venire.people.model import ACTIVE, MEMBER, Account
from venire.posts.media.model import Attachment
from venire.posts.model import Mention, Poll, Post
from venire.posts.search_marks import document_of, marks_of, properties_of
from venire.posts.search_query import PROPERTIES

ANI = Account(
    id=AccountId(7),
    version=1,
    username="ani",
    display_name="Ani",
    note="",
    fields=(),
    uri="https://town.test/users/ani",
    state=ACTIVE,
    role=MEMBER,
    locked=False,
    bot=False,
    discoverable=False,
    indexable=True,
    hide_collections=False,
    privacy="public",
    sensitive=False,
    language=None,
    created_at_ms=0,
)
POST = Post(
    id=PostId(1),
    version=1,
    author_id=AccountId(7),
    text="kopi",
    html="",
    spoiler="",
    visibility="public",
    language="pt-BR",
    sensitive=False,
    in_reply_to_id=None,
    in_reply_to_account_id=None,
    conversation_id=1,
    mentions=(),
    tags=("kopi",),
    uri="",
    created_at_ms=0,
)


def attachment(kind: str, description: str | None = None) -> Attachment:
    return Attachment(1, kind, "00", None, "", "", description=description)


def test_every_property_can_be_had():
    everything = replace(
        POST,
        text="lihat https://kopi.example/x",
        attachments=(attachment("image"), attachment("gifv"), attachment("audio")),
        poll=Poll(("ya", "tidak"), multiple=False, ends_at_ms=0),
        quoted_id=PostId(2),
        in_reply_to_id=PostId(3),
        sensitive=True,
        edited_at_ms=5,
    )
    assert properties_of(everything) == PROPERTIES
    assert properties_of(POST) == frozenset()
    assert properties_of(replace(POST, attachments=(attachment("unknown"),))) == {"media"}
    assert properties_of(replace(POST, text="a ://b")) == frozenset()


def test_marks_say_whose_for_whom_and_in_which_language():
    post = replace(
        POST,
        mentions=(Mention(AccountId(8), "bob"), Mention(AccountId(7), "ani")),
        in_reply_to_id=PostId(3),
        in_reply_to_account_id=AccountId(9),
    )
    marks = set(marks_of(post, ANI))
    assert marks == {
        "by7", "findable", "to8", "to9", "isreply", "langpt", "langptbr", "#kopi",
    }  # fmt: skip


def test_everyone_finds_only_what_is_public_there_and_willingly_so():
    for post, author in (
        (replace(POST, visibility="unlisted"), ANI),
        (replace(POST, state="held"), ANI),
        (POST, replace(ANI, indexable=False)),
        (POST, replace(ANI, minor=True)),
        (POST, replace(ANI, silenced=True)),
        (POST, None),
    ):
        assert "findable" not in marks_of(post, author)


def test_what_is_described_or_offered_goes_with_the_text():
    post = replace(
        POST,
        spoiler="awas",
        attachments=(attachment("image", "seekor kucing"), attachment("image")),
        poll=Poll(("ya", "tidak"), multiple=False, ends_at_ms=0),
    )
    document = document_of(post, ANI)
    assert (document.text, document.more) == ("awas\nkopi", "seekor kucing\nya\ntidak")
    assert (document.handle, document.tags, document.readers) == ("ani", ("kopi",), None)


def test_what_is_not_listed_has_its_author_and_those_it_names_as_readers():
    for visibility in ("private", "direct"):
        post = replace(POST, visibility=visibility, mentions=(Mention(AccountId(8), "bob"),))
        document = document_of(post, ANI)
        assert set(document.readers or ()) == {7, 8}
        assert document.tags == ()
    assert document_of(replace(POST, state="removed"), ANI).tags == ()
