from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire.detectors.model import Evidence
from venire.detectors.run import MAX_CHARACTERS, detect, detect_jsonl, judge_all, load_models
from venire.kernel.text import fold

_EVASIONS = [
    "We should hang all the traitors tonight",
    "We should hаng all the trаitors tonight",
    "We should h\u200ba\u200bn\u200bg all the traitors tonight",
    "We should h4ng all the tr41tors tonight",
    "We should h a n g all the traitors tonight",
    "We should ｈａｎｇ all the 𝘁𝗿𝗮𝗶𝘁𝗼𝗿𝘀 tonight",
    "We should h*ng all the traitors tonight",
    "We should hnag all the traitors tonight",
    "WE SHOULD HAAAAANG ALL THE TRAITORS TONIGHT",
    "We should h.a.n.g all the traitors tonight",
]


@pytest.mark.parametrize("text", _EVASIONS)
def test_a_threat_is_held_in_every_disguise_and_the_span_shows_the_letters_as_written(judged, text):
    judgement = judged(text)
    assert judgement.hold
    assert judgement.category == "incitement"
    rules = next(one for one in judgement.signals if one.detector == "rules_threat")
    shown = " ".join(text[span.start : span.end] for span in rules.spans)
    assert "hang" in fold(shown).text
    linear = next(one for one in judgement.signals if one.detector == "linear")
    shown = " ".join(text[span.start : span.end] for span in linear.spans)
    assert {"hang", "traitors"} <= set(fold(shown).text.split())


@pytest.mark.parametrize(
    "text",
    [
        "Bunuh semua politisi itu malam ini",
        "Ayo kita b4kar kantor DPR besok, bawa bensin",
        "Gantung koruptor itu di depan istana",
        "P e n g g a l kepala dia",
    ],
)
def test_an_indonesian_threat_is_held(judged, text):
    judgement = judged(text)
    assert judgement.lang == "id"
    assert judgement.hold


@pytest.mark.parametrize(
    "text",
    [
        "kill time at the mall",
        "shoot me an email about friday",
        "Don't shoot the messenger",
        "Let's hang at my place",
        "Hang the picture over the sofa",
        "Bullet journal tips",
        "I could murder a burger right now",
        "my feet are killing me",
        "I nearly died laughing",
        "we killed the last boss at level 12",
        "Gonna hang it in the tent for a few days",
        "This bath bomb is amazing",
        "kill the process and execute the script again",
        "mati lampu lagi di rumah",
        "bunuh waktu sambil ngopi",
        "bakar ikan di pantai yuk",
        "kemarin gue ditembak sama dia, langsung jadian",
    ],
)
def test_a_figure_of_speech_is_not_held_and_scores_low(judged, text):
    judgement = judged(text)
    assert not judgement.hold
    assert judgement.score < 0.2
    assert judgement.lang == "id" or not judgement.case


@pytest.mark.parametrize(
    "text",
    [
        'Someone wrote "we should hang all the traitors tonight" on my door. Disgusting.',
        "He told the crowd “kill them all” and they cheered. He must be reported.",
        "> hang all the traitors tonight\nWho writes such things? Reported.",
        "A man was arrested for a post saying kill all the politicians",
        "Nobody deserves to be hanged, not even the traitors",
        "Stop saying that they should be executed",
        "Don't kill them, they are people too",
        "Arrest him and try him for treason in a court of law",
        "Lock them all up, they belong in prison, let a judge decide",
        "Military tribunal for treason, send them to Gitmo",
        'Polisi menangkap pria yang menulis "bunuh semua politisi" di grup',
        "Jangan bunuh mereka, serahkan ke polisi",
        "Tangkap dan adili koruptor itu",
    ],
)
def test_quoting_reporting_refusing_and_calling_for_the_law_is_never_held(judged, text):
    assert not judged(text).hold


@pytest.mark.parametrize(
    "text",
    [
        '"Hang all the traitors tonight"',
        "> We should hang all the traitors tonight",
        'He said "we should hang all the traitors" and he is right, let\'s do it',
        "Don't just protest, hang all the traitors tonight",
    ],
)
def test_a_threat_dressed_as_a_quotation_or_negation_still_gets_a_jury(judged, text):
    assert judged(text).case


def test_a_withdrawn_cue_is_shown_with_what_withdraws_it(judged):
    signals = judged('Someone wrote "hang all the traitors" on my door. Disgusting.').signals
    reasons = {span.reason for signal in signals for span in signal.spans}
    assert "withdrawn.quote.imperative" in reasons
    assert not any(reason.startswith("threat.") for reason in reasons)


def test_a_threat_is_not_diluted_by_peaceful_sentences_around_it(judged):
    around = "I went to the market this morning. The bread was good and the sun was out. "
    judgement = judged(f"{around * 3} We should hang all the traitors tonight. {around * 3}")
    assert judgement.hold


def test_repeating_one_harmless_word_does_not_raise_the_score(judged):
    assert judged("go " * 300).score < 0.1
    assert judged("the people " * 90).score < 0.1


def test_a_false_declaration_does_not_choose_the_laxer_threshold(judged):
    text = "We should hang all the traitors tonight"
    assert judged(text, "id") == judged(text, "en") == judged(text)
    assert judged(text, "xx-unknown").lang == "en"


def test_a_peaceful_post_has_no_signals(models):
    assert detect(Evidence(1, "Good morning everyone, tea or coffee?"), models) == []


def test_a_batch_and_single_posts_are_judged_alike(models):
    evidence = [Evidence(at, text) for at, text in enumerate([*_EVASIONS, "", "tea", "🔪"])]
    assert judge_all(evidence, models) == [judge_all([one], models)[0] for one in evidence]


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_judged_with_spans_inside_it(text):
    judgement = judge_all([Evidence(7, text)], load_models())[0]
    assert 0.0 <= judgement.score <= 1.0
    assert judgement.post_id == 7
    assert (judgement.category == "incitement") == judgement.case
    assert judgement.case or not judgement.hold
    for signal in judgement.signals:
        for span in signal.spans:
            assert 0 <= span.start < span.end <= len(text)


def test_lines_come_out_in_order_with_the_contract_keys(models):
    lines = [
        json.dumps({"id": "a", "text": "hang all the traitors", "lang": "en"}),
        "",
        json.dumps({"id": 2, "text": "good morning"}).encode(),
    ]
    first, second = detect_jsonl(lines, models)
    assert list(first) == ["id", "score", "category", "signals"]
    assert (first["id"], first["category"]) == ("a", "incitement")
    assert {"detector", "score", "spans"} <= set(first["signals"][0])
    assert set(first["signals"][0]["spans"][0]) == {"start", "end", "reason"}
    assert (second["id"], second["category"], second["signals"]) == (2, None, [])


def test_a_bad_line_is_told_with_its_number_and_the_rest_goes_on(models):
    lines = [
        "{not json",
        '{"id": 1}',
        '{"id": 1, "text": 5}',
        b"\xff\xfe\x00",
        json.dumps({"id": 9, "text": "x" * (MAX_CHARACTERS + 1)}),
        json.dumps({"id": 3, "text": "fine"}),
    ]
    found = list(detect_jsonl(lines, models))
    assert [one.get("code") for one in found] == [
        "not_json", "bad_row", "bad_row", "not_json", "text_too_long", None,
    ]  # fmt: skip
    assert [one.get("line") for one in found[:5]] == [1, 2, 3, 4, 5]
    assert found[5]["id"] == 3


def test_more_lines_than_one_batch_all_come_out(models):
    lines = [json.dumps({"id": at, "text": f"post {at}"}) for at in range(600)]
    assert [one["id"] for one in detect_jsonl(iter(lines), models)] == list(range(600))
