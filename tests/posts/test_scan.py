from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venire.posts.scan import find_entities, tag_keys


def found(text: str) -> list[tuple[str, str]]:
    return [(entity.kind, text[entity.start : entity.end]) for entity in find_entities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://a.example/x?y=1#z.", [("link", "https://a.example/x?y=1#z")]),
        ("(https://a.example/x)", [("link", "https://a.example/x")]),
        ("https://a.example/x_(y)", [("link", "https://a.example/x_(y)")]),
        ("https://a.example, then", [("link", "https://a.example")]),
        ("HTTPS://A.EXAMPLE/Q", [("link", "HTTPS://A.EXAMPLE/Q")]),
        ("file.py and ftp://a.example", []),
        ("http://localhost/x", []),
        ("hi @bob!", [("mention", "@bob")]),
        ("@bob.", [("mention", "@bob")]),
        ("@bob@town.test hi", [("mention", "@bob@town.test")]),
        ("bob@town.test", []),
        ("https://a.example/@bob #x", [("link", "https://a.example/@bob"), ("tag", "#x")]),
        ("#one #Two2 ＃tiga", [("tag", "#one"), ("tag", "#Two2"), ("tag", "＃tiga")]),
        ("we are #1 and &#39; is not a tag", []),
        ("#हिन्दी rocks", [("tag", "#हिन्दी")]),
        ("#a_b-c", [("tag", "#a_b")]),
        ("a#b", []),
    ],
)
def test_a_text_points_at_what_mastodon_says_it_does(text, expected):
    assert found(text) == expected


def test_a_tag_is_the_same_in_any_case_and_width_and_counted_once():
    assert tag_keys(find_entities("#Kota #KOTA #ｋｏｔａ #desa")) == ("kota", "desa")


@given(st.text(alphabet="ab@#.:/ ()htps1_\n\u0300é한", max_size=80))
def test_entities_lie_in_order_and_never_overlap(text):
    entities = find_entities(text)
    ends = [0]
    for entity in entities:
        assert entity.start >= ends[-1]
        assert entity.end > entity.start
        ends.append(entity.end)
    assert ends[-1] <= len(text)


@pytest.mark.timeout(5)
def test_hostile_texts_are_scanned_in_time():
    for piece in ("@a@", "http://a.", "#a", "((((", "@a@-", "a.", "https://a.b/" + "(" * 50):
        find_entities(piece * (12_000 // len(piece)))
