from __future__ import annotations

import itertools

import pytest

from venire.detectors.cues import THREATS, read_list
from venire.detectors.model import Evidence
from venire.detectors.reading import read

_SAID = {
    ("should_be_killed", "en"): ["they should all be shot", "she deserves the rope",
                                 "bring back public hangings", "they need to hang"],
    ("should_be_killed", "id"): ["dia harus digantung", "halal darahnya", "mereka layak mati"],
    ("i_will_kill", "en"): ["i will kill you", "gonna put a bullet through his head",
                            "i can't wait to see him hang"],
    ("i_will_kill", "id"): ["gue bakal bunuh lo", "kami siap bantai mereka", "kubunuh kau"],
    ("imperative", "en"): ["kill them all", "someone needs to shoot him",
                           "no mercy, break their legs", "let's lynch the mayor",
                           "i say: 🔫 all of them"],
    ("imperative", "id"): ["bunuh mereka", "ayo kita habisi", "tembak aja dia"],
    ("you_are_dead", "en"): ["you're dead", "we know where you live", "watch your back"],
    ("you_are_dead", "id"): ["mati kau", "awas lo", "gue tau rumah lo"],
    ("weapon", "en"): ["a bullet in his head", "lock and load", "bring your rifles"],
    ("weapon", "id"): ["bawa golok besok", "peluru di kepala dia"],
    ("mob", "en"): ["storm the capitol", "burn it all down", "heads on pikes"],
    ("mob", "id"): ["serbu kantor polisi", "saatnya angkat senjata"],
    ("death_wish", "en"): ["i hope he dies soon", "go kill yourself", "death to the traitors"],
    ("death_wish", "id"): ["semoga dia cepat mati", "mati aja sana"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("cue", "text"), [(cue, text) for (cue, _), texts in _SAID.items() for text in texts]
)
def test_each_cue_is_found_where_it_is_said(cue, text):
    assert cue in {hit.cue for hit in read(Evidence(1, text)).meant}


def test_every_cue_of_the_list_has_a_sentence_here():
    assert {(cue.name, cue.lang) for cue in THREATS} == set(_SAID)


@pytest.mark.parametrize(
    ("text", "veto"),
    [
        ("they should not be shot", None),
        ("nobody should be shot", "negation"),
        ("stop calling for him to be shot", "negation"),
        ("jangan bunuh mereka", "negation"),
        ('the sign read "kill them all", how vile', "quote"),
        ("police say he wanted to kill them all", "quote"),
        ("jangan cuma demo, bunuh mereka", ""),
        ("don't just stand there, kill them all", ""),
    ],
)
def test_a_cue_is_withdrawn_by_negation_and_report_alone(text, veto):
    hits = read(Evidence(1, text)).hits
    if veto is None:
        assert not hits
    elif veto:
        assert hits
        assert {hit.veto for hit in hits} == {veto}
    else:
        assert any(hit.veto is None for hit in hits)


def test_a_figure_of_speech_is_blanked_letter_for_letter():
    reading = read(Evidence(1, "let us kill time and hang out"))
    assert len(reading.plain) == len(reading.folded.text)
    assert "kill" not in reading.plain
    assert reading.parts[0].marks == ("figurative",)


def test_what_is_owed_to_someone_is_no_figure_of_speech():
    assert "hang" in read(Evidence(1, "she should hang with the rest")).plain


def test_a_plan_is_marked_by_address_and_time():
    marks = read(Evidence(1, "kill him tonight, he lives at 12 mill road")).parts[0].marks
    assert {"address", "time", "imperative"} <= set(marks)


def test_sentences_are_weighed_by_themselves_and_cover_the_post():
    text = "The weather was fine all day. We went to the market. Then it rained for an hour. " * 4
    reading = read(Evidence(1, text))
    whole, *sentences = reading.parts
    assert (whole.start, whole.end) == (0, len(reading.plain))
    assert len(sentences) > 5
    assert sentences[0].start == 0
    assert sentences[-1].end == len(reading.plain)
    assert all(a.end == b.start for a, b in itertools.pairwise(sentences))


def test_a_long_text_without_stops_is_cut_at_blanks():
    reading = read(Evidence(1, "word " * 300))
    assert all(part.end - part.start <= 250 for part in reading.parts[1:])


def test_one_cue_a_thousand_times_costs_no_more_than_a_dozen():
    assert len(read(Evidence(1, "kill them. " * 1000)).hits) <= 12 * len(THREATS)


def test_the_lists_hold_no_line_twice():
    for name in ("threats", "figures", "vetoes", "phrases.en", "phrases.id"):
        for section, lines in read_list(name).items():
            doubled = {line for line in lines if lines.count(line) > 1}
            assert not doubled, (name, section)
