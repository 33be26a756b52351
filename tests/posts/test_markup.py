from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3
from hypothesis import example, given
from hypothesis import strategies as st

from venire.kernel.ids import AccountId
from venire.posts.markup import BASE, clean_text, render, with_base
from venire.posts.model import Mention
from venire.posts.scan import find_entities

BOB = {"bob": Mention(AccountId(7), "Bob")}


def html(text: str) -> str:
    return render(text, find_entities(text), BOB)


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.text += "\n" if tag == "br" else ""

    def handle_endtag(self, tag):
        self.text += "\n\n" if tag == "p" else ""

    def handle_data(self, data):
        self.text += data


def parsed(text: str) -> _Seen:
    seen = _Seen()
    seen.feed(text)
    seen.close()
    return seen


def test_paragraphs_and_line_ends_become_p_and_br():
    assert html("one\ntwo\n\nthree") == "<p>one<br>two</p><p>three</p>"


def test_what_looks_like_markup_is_text():
    assert html("<script>alert(1)</script> & <b>") == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;</p>"
    )


def test_a_mention_is_a_card_with_the_address_left_open():
    made = html("hi @BOB!")
    assert made == (
        f'<p>hi <span class="h-card" translate="no"><a href="{BASE}/@Bob" class="u-url mention">'
        "@<span>Bob</span></a></span>!</p>"
    )
    assert 'href="https://town.test/@Bob"' in with_base(made, "https://town.test")


def test_an_unknown_name_stays_text():
    assert html("hi @nobody") == "<p>hi @nobody</p>"


def test_a_tag_keeps_its_spelling_and_links_to_its_key():
    assert html("#Kota") == (
        "<p>"
        f'<a href="{BASE}/tags/kota" class="mention hashtag" rel="tag">#<span>Kota</span></a></p>'
    )


def test_a_long_link_hides_its_ends():
    made = html("https://www.a.example/a/very/long/path/that/goes/on?x=1&y=2")
    assert '<span class="invisible">https://www.</span>' in made
    assert '<span class="ellipsis">a.example/a/very/long/path/tha</span>' in made
    assert 'rel="nofollow noopener"' in made
    assert (
        parsed(made).text.strip() == "https://www.a.example/a/very/long/path/that/goes/on?x=1&y=2"
    )


def test_a_quote_cannot_break_out_of_a_link():
    made = html("https://a.example/'onclick='x https://a.example/\"onclick=x")
    for tag, attributes in parsed(made).tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)


def test_the_placeholder_cannot_be_typed():
    assert BASE not in clean_text(f"{BASE}/@bob")


_TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("<>&\"'@#bob:/. \n()[]")),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=120,
)
_PIECES = st.lists(
    st.sampled_from(
        ["@bob", "#tag", "https://a.example/", "<a href=", "javascript:", "\n\n", "\n", " ", "&lt;"]
    ),
    max_size=12,
).map("".join)


@given(st.one_of(_TEXT, _PIECES))
@example("https://a.example/<img src=x onerror=alert(1)>")
@example("\u00a0\u2028x")
def test_nothing_but_the_allowed_markup_comes_out_and_the_text_is_kept(text):
    cleaned = clean_text(text)
    made = html(cleaned)
    seen = parsed(made)
    for tag, attributes in seen.tags:
        assert tag in {"p", "br", "a", "span"}
        assert set(attributes) <= {"href", "class", "rel", "target", "translate"}
        if "href" in attributes:
            assert re.match(rf"https?://|{BASE}/", attributes["href"] or "", re.IGNORECASE)
    wanted = re.sub(r"\n{2,}", "\n\n", cleaned).strip("\n")
    shown = seen.text.removesuffix("\n\n")
    assert shown.lower() == wanted.lower()
    # Cleaning again changes nothing: what is stored is what the second wall lets through.
    assert nh3.clean(made, tags={"p", "br", "a", "span"}, attributes=_ALL, link_rel=None) == made


_ALL = {"a": {"href", "class", "rel", "target", "translate"}, "span": {"class", "translate"}}
