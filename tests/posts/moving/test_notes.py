"""From ActivityStreams to posts, and from HTML back to the text it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.posts.moving.archives import ACTOR, EVERYONE, FOLLOWERS, document, note
from venire.posts.markup import clean_text, render, with_base
from venire.posts.moving.notes import medium_path, read_activity
from venire.posts.moving.plain import plain_text
from venire.posts.scan import find_entities

CUT_LINK = (
    '<p><a href="https://long.example/a/b/c?d=e#f" rel="nofollow"><span class="invisible">'
    'https://</span><span class="ellipsis">long.example/a/b</span><span class="invisible">'
    "/c?d=e#f</span></a></p>"
)
NAME = '<a href="https://x.example/@bo" class="u-url mention">@<span>bo</span></a>'
HANDLES = {"https://x.example/@bo": "@bo@x.example"}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>Three<br/>Four</p>", "One\n\nTwo\nThree\nFour"),
        ("<p>a &amp; b &lt;c&gt; &#39;d&#39;</p>", "a & b <c> 'd'"),
        (
            CUT_LINK,
            "https://long.example/a/b/c?d=e#f",
        ),
        (
            f'<span class="h-card">{NAME}</span> hello',
            "@bo@x.example hello",
        ),
        (
            '<a href="https://y.example/@cy" class="u-url mention">@<span>cy</span></a>',
            "@cy@y.example",
        ),
        ('<a href="https://x.example/tags/a" class="mention hashtag">#<span>a</span></a>', "#a"),
        ('<a href="https://x.example/page">a page</a>', "a page (https://x.example/page)"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<pre><code>a\n  b</code></pre>", "a\n  b"),
        ("<script>alert(1)</script><style>x{}</style>seen<img src=x onerror=alert(1)>", "seen"),
        ("<p>open <b>never <i>closed", "open never closed"),
        ("</p></div>closed", "closed"),
        ("", ""),
        ("plain", "plain"),
        ("<p>I <3 you</p>", "I <3 you"),
    ],
)
def test_html_becomes_the_text_that_it_stands_for(html, text):
    assert plain_text(html, HANDLES) == text


lines = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Co", "Zs", "Zl", "Zp"))
    | st.sampled_from(" \n#@&<>'\""),
    max_size=200,
)


@given(lines)
def test_what_this_site_renders_is_read_back(text):
    """Blanks at the ends of lines and more than one empty line are not kept by HTML."""
    cleaned = clean_text(text)
    html = with_base(render(cleaned, find_entities(cleaned), {}), "http://venire.test")
    kept = ["\n".join(" ".join(line.split(" ")).strip() for line in cleaned.split("\n"))]
    wanted = " ".join("".join(kept).split())
    assert " ".join(plain_text(html, {}).split()) == wanted


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = """id type object to cc published updated content contentMap summary source inReplyTo url
tag attachment oneOf anyOf name mediaType href replies focalPoint sensitive"""
keys = st.sampled_from(KEYS.split())


@given(st.dictionaries(keys, json_values, max_size=12), st.dictionaries(keys, json_values))
def test_whatever_stands_in_an_activity_it_is_read_or_passed_over(note_fields, activity_fields):
    activity = note(1, "<p>x</p>")
    activity["object"] |= note_fields
    told = read_activity({**activity, **activity_fields}, 1, FOLLOWERS)
    assert (told.post is None) == bool(told.skipped)


@pytest.mark.parametrize(
    ("to", "cc", "visibility"),
    [
        ([EVERYONE], [FOLLOWERS], "public"),
        (["as:Public"], [], "public"),
        ([FOLLOWERS], [EVERYONE], "unlisted"),
        ([FOLLOWERS], [], "private"),
        (FOLLOWERS, "https://x.example/users/bo", "private"),
        (["https://x.example/users/bo"], [], None),
        ([], [], None),
    ],
)
def test_visibility_follows_from_whom_it_is_addressed_to(to, cc, visibility):
    told = read_activity(note(1, to=to, cc=cc), 1, FOLLOWERS)
    assert (told.post.visibility if told.post else None) == visibility
    assert told.skipped == ("" if visibility else "direct_message")


def test_a_poll_becomes_lines_of_text():
    options = [
        {"type": "Note", "name": "Tea", "replies": {"totalItems": 3}},
        {"type": "Note", "name": "Coffee"},
    ]
    told = read_activity(note(1, "<p>Which?</p>", type="Question", oneOf=options), 1, FOLLOWERS)
    assert told.post.text == "Which?\n\n- Tea (3)\n- Coffee"


def test_the_text_that_was_typed_is_preferred_and_names_get_their_domain():
    source = {"content": "@bo hi @bobby and @bo@y.example", "mediaType": "text/plain"}
    tag = {"type": "Mention", "href": "https://x.example/users/bo", "name": "@bo@x.example"}
    told = read_activity(note(1, "<p>other</p>", source=source, tag=[tag]), 1, FOLLOWERS)
    assert told.post.text == "@bo@x.example hi @bobby and @bo@y.example"
    assert told.post.named == ("bo@x.example",)


def test_facts_of_a_post_come_along():
    told = read_activity(
        note(
            3,
            "<p>x</p>",
            contentMap={"id": "<p>x</p>"},
            updated="2022-01-01T00:00:00Z",
            inReplyTo={"id": "https://x.example/1"},
            attachment=[document(f"/p{number}.png") for number in range(7)],
        ),
        5,
        FOLLOWERS,
    )
    post = told.post
    assert (post.n, post.language, post.reply_uri) == (5, "id", "https://x.example/1")
    assert post.edited_at_ms == 1_640_995_200_000
    assert len(told.media) == 4
    assert post.uri.startswith(ACTOR)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/media_attachments/files/1/a.png", "media_attachments/files/1/a.png"),
        (
            "https://files.old.example/system/media_attachments/files/1/a%20b.png",
            "media_attachments/files/1/a b.png",
        ),
        ({"href": "/media/a.png"}, "media/a.png"),
        ([{"href": "x/media/a.png"}], "x/media/a.png"),
        (None, ""),
        (5, ""),
        ("http://[", ""),
    ],
)
def test_media_are_found_by_the_end_of_their_address(url, path):
    assert medium_path(url) == path
