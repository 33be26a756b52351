from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import msgspec
import pytest
from rapidfuzz import fuzz

from venire.cli.corpus import (
    AnswerRow,
    Corpus,
    Notice,
    StreamRow,
    TruthRow,
    build_corpus,
    same_text_key,
    write_corpus,
)
from venire.cli.demo_corpus import (
    FOLDER,
    LANGUAGES,
    mentioned_handles,
    phrases,
    word_lists,
    written_posts,
)
from venire.cli.demo_corpus.composer import Dice
from venire.cli.demo_corpus.reposts import WAYS, changed
from venire.kernel.chance import SeededChance
from venire.kernel.errors import Invalid
from venire.kernel.text import normal_form


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return build_corpus()


def texts_by_kind(corpus: Corpus, *kinds: str) -> list[str]:
    wanted = {row.id for row in corpus.truth if row.kind in kinds}
    return [row.text for row in corpus.stream if row.id in wanted]


def test_the_hand_written_posts_are_enough_and_none_is_there_twice():
    posts = written_posts()
    kinds = Counter(post.kind for post in posts)
    assert len(posts) >= 560
    assert kinds["violating"] >= 98 + 60
    assert kinds["hard_benign"] >= 120
    assert 0.35 <= sum(post.lang == "id" for post in posts) / len(posts) <= 0.45
    assert len({post.id for post in posts}) == len(posts)
    assert len({same_text_key(post.text) for post in posts}) == len(posts)


def test_a_post_says_it_violates_exactly_when_its_kind_does():
    assert all(post.violates == (post.kind == "violating") for post in written_posts())


def test_hand_written_posts_are_between_5_and_900_characters_and_trimmed():
    for post in written_posts():
        assert 5 <= len(post.text) <= 900, post.id
        assert post.text == post.text.strip(), post.id


def test_no_two_violating_posts_are_so_alike_that_one_would_be_taken_for_the_other():
    violating = [post for post in written_posts() if post.violates]
    alike = [
        (one.id, other.id)
        for one, other in combinations(violating, 2)
        if fuzz.ratio(one.text.casefold(), other.text.casefold()) > 70
    ]
    assert alike == []


def test_every_list_that_a_phrase_asks_for_has_words_and_every_bracket_closes():
    for phrase in phrases():
        for name in re.findall(r"\{([^}]*)\}", phrase.text):
            assert word_lists()[phrase.lang, name], phrase.text
        assert phrase.text.count("[") == phrase.text.count("]"), phrase.text
        assert not re.search(r"\[[^\]]*\[|\|\||\[\||\|\]", phrase.text), phrase.text


def test_the_folder_states_its_licence():
    assert "CC0-1.0" in (FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    assert "CC0-1.0" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_readme_counts_its_rows_right():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"^\| (`.*jsonl`.*)$", readme, re.MULTILINE):
        files, counts = line.split(" | ")[:2]
        for name, count in zip(re.findall(r"`(.+?)`", files), counts.split(", "), strict=True):
            rows = (FOLDER / name).read_bytes().splitlines()
            assert len(rows) == int(count), name


def test_the_stream_has_as_many_rows_as_asked_with_ids_in_order(corpus: Corpus):
    assert [row.id for row in corpus.stream] == [f"p{place:05d}" for place in range(10_000)]
    assert [row.id for row in corpus.truth] == [row.id for row in corpus.stream]


def test_the_stream_holds_94_noticed_110_copies_and_60_unnoticed(corpus: Corpus):
    kinds = Counter(row.kind for row in corpus.truth)
    assert kinds == {"benign": 9736, "noticed": 94, "copy": 110, "unnoticed": 60}
    assert all(row.violates == (row.kind != "benign") for row in corpus.truth)


def test_two_in_five_posts_are_indonesian(corpus: Corpus):
    assert 0.38 <= sum(row.lang == "id" for row in corpus.stream) / len(corpus.stream) <= 0.42


def test_about_700_people_post_under_handles_a_site_accepts_in_one_language_each(corpus: Corpus):
    spoken: dict[str, set[str]] = {}
    for row in corpus.stream:
        spoken.setdefault(row.author, set()).add(row.lang)
    assert 650 <= len(spoken) <= 750
    assert all(re.fullmatch(r"[a-z0-9_]{3,30}", handle) for handle in spoken)
    assert all(len(langs) == 1 for langs in spoken.values())
    assert max(Counter(row.author for row in corpus.stream).values()) <= 60


def test_everybody_named_with_an_at_sign_posts_too(corpus: Corpus):
    authors = {row.author for row in corpus.stream}
    named = {name for row in corpus.stream for name in re.findall(r"@([a-z0-9_]+)", row.text)}
    assert set(mentioned_handles()) <= authors
    assert len(named - authors) <= len(named) // 50


@pytest.mark.parametrize("seed", ["demo", "another"])
def test_no_benign_post_is_a_violating_one_in_normal_form_or_carries_it(seed: str):
    corpus = build_corpus(seed=seed)
    threats = {normal_form(post.text) for post in written_posts() if post.violates}
    benign = [normal_form(text) for text in texts_by_kind(corpus, "benign")]
    assert threats.isdisjoint(benign)
    everything = "\n".join(benign)
    assert not any(threat in everything for threat in threats)


def test_no_benign_text_is_there_more_than_three_times(corpus: Corpus):
    times = Counter(normal_form(text) for text in texts_by_kind(corpus, "benign"))
    assert max(times.values()) <= 3


def test_every_post_is_of_a_length_a_site_accepts(corpus: Corpus):
    assert all(5 <= len(row.text) <= 1000 for row in corpus.stream)
    assert not any(re.search(r"[\[\]{}|]", row.text) for row in corpus.stream)


def test_the_notice_names_98_items_30_by_url_28_by_text_40_by_screenshot(corpus: Corpus):
    items = corpus.notice.items
    assert [item.n for item in items] == list(range(1, 99))
    assert sum(item.url is not None for item in items) == 30
    assert sum(item.text is not None for item in items) == 28
    assert sum(item.screenshot is not None for item in items) == 40
    assert {item.screenshot for item in items if item.screenshot} == set(corpus.screenshots)


def test_four_items_are_nowhere_in_the_stream_and_the_others_have_their_original(corpus: Corpus):
    kinds = {row.id: row.kind for row in corpus.truth}
    found = [Counter(kinds[post] for post in answer.posts) for answer in corpus.answers]
    assert sum(not counts for counts in found) == 4
    assert all(counts["noticed"] == 1 for counts in found if counts)
    assert sum(counts["copy"] for counts in found) == 110
    assert {kind for counts in found for kind in counts} == {"noticed", "copy"}


def test_an_item_says_what_its_answers_carry_and_nothing_else_does(corpus: Corpus):
    post_texts = {row.id: normal_form(row.text) for row in corpus.stream}
    answers = {row.n: row.posts for row in corpus.answers}
    for item in corpus.notice.items:
        if item.url is not None:
            assert item.url.removeprefix("stream:") in answers[item.n]
            continue
        shot = corpus.screenshots.get(item.screenshot or "")
        wanted = normal_form((item.text or "").removesuffix("...") or (shot.text if shot else ""))
        carriers = {at for at, text in post_texts.items() if wanted in text}
        assert wanted
        assert carriers <= set(answers[item.n])
        assert bool(carriers) == bool(answers[item.n])


def test_some_texts_of_the_notice_are_cut_short(corpus: Corpus):
    whole = {post.text for post in written_posts()}
    cut = [item.text for item in corpus.notice.items if item.text and item.text not in whole]
    assert 5 <= len(cut) <= 23
    assert all(len(text) >= 39 for text in cut)


def test_a_copy_still_says_what_its_original_says(corpus: Corpus):
    kinds = {row.id: row.kind for row in corpus.truth}
    post_texts = {row.id: row.text for row in corpus.stream}
    changed_copies = 0
    for answer in corpus.answers:
        for at in answer.posts:
            if kinds[at] == "copy":
                first = next(post for post in answer.posts if kinds[post] == "noticed")
                one, other = post_texts[first], post_texts[at]
                changed_copies += one != other
                assert fuzz.partial_ratio(normal_form(one), normal_form(other)) >= 80, other
    assert 70 <= changed_copies <= 105


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_posting_again_changes_the_text(way: str, lang: str):
    text = "We will all come to the house, tonight."
    assert changed(Dice(SeededChance(way)), way, text, lang) != text


def test_the_same_seed_gives_the_same_drill_and_another_seed_another():
    assert build_corpus(1_000, seed="a") == build_corpus(1_000, seed="a")
    assert build_corpus(1_000, seed="a").stream != build_corpus(1_000, seed="b").stream


def test_a_drill_too_small_for_its_notice_is_refused():
    with pytest.raises(Invalid) as refused:
        build_corpus(999)
    assert refused.value.code == "corpus_too_small"


def test_the_written_folder_reads_back_as_what_was_built(tmp_path: Path):
    corpus = write_corpus(tmp_path, rows=1_000)

    def rows(name: str, shape: type) -> tuple[object, ...]:
        lines = (tmp_path / name).read_bytes().splitlines()
        return tuple(msgspec.json.decode(line, type=shape) for line in lines)

    assert rows("stream.jsonl", StreamRow) == corpus.stream
    assert rows("truth.jsonl", TruthRow) == corpus.truth
    assert rows("answers.jsonl", AnswerRow) == corpus.answers
    notice = (tmp_path / "notice" / "notice.json").read_bytes()
    assert msgspec.json.decode(notice, type=Notice) == corpus.notice
    pictures = {path.name for path in (tmp_path / "notice").glob("*.png")}
    assert pictures == set(corpus.screenshots)


def test_a_notice_item_has_its_number_and_one_other_field(tmp_path: Path):
    write_corpus(tmp_path, rows=1_000)
    notice = msgspec.json.decode((tmp_path / "notice" / "notice.json").read_bytes())
    fields = {"url", "text", "screenshot"}
    assert all(set(item) - fields == {"n"} and len(item) == 2 for item in notice["items"])
