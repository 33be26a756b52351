"""The score of a notice drill, and its run file: what happened, for anyone to count again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from venire.cli.drills.notice import Run, ids_of
from venire.kernel.clock import parse_iso_ms


def _percentile(values: list[float], share: float) -> float:
    """Nearest rank; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def post_lines(run: Run) -> list[dict[str, Any]]:
    """Each row of the stream, and what became of its post."""
    cases = {case["subject_id"]: case for case in run.cases if case["subject"] == "post"}
    lines = []
    for row in run.material.stream:
        post = run.post_ids.get(row.id)
        case = cases.get(post) if post else None
        removed = case is not None and case["measure"] == "remove"
        held = case is not None and case["hold"] == "held" and not removed
        state = "refused" if post is None else "visible"
        state = "removed" if removed else "held" if held else state
        lines.append(
            {
                "type": "post",
                "id": row.id,
                "url": run.urls.get(row.id),
                "state": state,
                "held_at": case["held_at"] if case else None,
                "removed_at": case["measured_at"] if case and removed else None,
                "by": (case["by"] if case and (removed or case["held_at"]) else None),
            }
        )
    return lines


def item_lines(run: Run) -> list[dict[str, Any]]:
    """Each notice item, and what was found."""
    return [
        {
            "type": "item",
            "n": item["n"],
            "state": item["state"],
            "posts": ids_of(run, item["posts"]) if item["state"] != "ambiguous" else [],
            "held_at": item["held_at"],
        }
        for item in run.notice["items"]
    ]


def case_lines(run: Run) -> list[dict[str, Any]]:
    """Each case on a post of the stream."""
    return [
        {
            "type": "case",
            "case": case["case"],
            "post": ids_of(run, [case["subject_id"]])[0],
            "source": case["source"],
            "verdict": case["verdict"],
            "ballots": case["panel_ballots"],
        }
        for case in run.cases
        if case["subject"] == "post"
    ]


def run_lines(run: Run, record: list[dict[str, Any]]) -> Iterator[str]:
    """The run file, line by line."""
    yield from map(json.dumps, post_lines(run))
    yield from map(json.dumps, item_lines(run))
    yield from map(json.dumps, case_lines(run))
    for cast in run.ballots:
        if not cast.bench:
            yield json.dumps(
                {"type": "ballot", "case": cast.case, "juror": cast.juror, "vote": cast.vote}
            )
    yield json.dumps({"type": "notice", "ref": run.notice_ref, "imported_at": run.imported_at})
    yield from map(json.dumps, record)


def score(run: Run, *, record_size: int, record_verified: bool) -> dict[str, Any]:
    """The figures of `venire drill notice --json` (docs: commands)."""
    posts = post_lines(run)
    cases = case_lines(run)
    decided = [case for case in cases if case["verdict"] in {"violates", "keeps"}]
    panelled = [case for case in cases if case["ballots"]]
    ballots = sum(case["ballots"] for case in panelled)
    rate = len(run.post_ids) / run.post_seconds if run.post_seconds else 0.0
    return {
        "posts": len(run.material.stream),
        "items": len(run.notice["items"]),
        **_located(run),
        **_held(run, posts),
        "cases": len(cases),
        "decided": len(decided),
        "hung": sum(1 for case in run.cases if case["hung"]),
        "ballots_per_case": round(ballots / len(panelled), 2) if panelled else 0.0,
        **_removed(run, posts),
        "statements": run.statements,
        "record_size": record_size,
        "record_verified": record_verified,
        "reply_pack": run.reply_pack,
        "post_rps": round(rate, 1),
        "seconds": round(time.monotonic() - run.began, 1),
    }


def _located(run: Run) -> dict[str, int]:
    found = correct = wrong = missing = ambiguous = 0
    for item in item_lines(run):
        if item["state"] == "ambiguous":
            ambiguous += 1
            continue
        members = set(item["posts"])
        if not members:
            missing += item["state"] == "not_found"
            continue
        found += 1
        answer = set(run.material.answers.get(item["n"], ()))
        if answer and members <= answer:
            correct += 1
        else:
            wrong += 1
    return {
        "located": found,
        "located_correct": correct,
        "wrongly_located": wrong,
        "not_found": missing,
        "ambiguous": ambiguous,
    }


def _held(run: Run, posts: list[dict[str, Any]]) -> dict[str, Any]:
    """Import to held or removed, over all located items; before the import counts 0 s."""
    imported_ms = parse_iso_ms(run.imported_at)
    end_ms = imported_ms + round((time.monotonic() - run.began) * 1000)
    by_id = {line["id"]: line for line in posts}
    waits: list[float] = []
    before = 0
    for item in item_lines(run):
        if not item["posts"]:
            continue
        moments = [
            parse_iso_ms(moment)
            for stream_id in item["posts"]
            for moment in [_first_moment(by_id.get(stream_id))]
            if moment is not None
        ]
        all_hidden = len(moments) == len(item["posts"])
        hidden_ms = max(moments) if all_hidden else end_ms
        before += hidden_ms <= imported_ms
        waits.append(max(hidden_ms - imported_ms, 0) / 1000)
    return {
        "held_before_notice": before,
        "held_p50_s": round(_percentile(waits, 0.5), 2),
        "held_p95_s": round(_percentile(waits, 0.95), 2),
    }


def _first_moment(line: dict[str, Any] | None) -> str | None:
    if line is None:
        return None
    moment: str | None = line["held_at"] or line["removed_at"]
    return moment


def _removed(run: Run, posts: list[dict[str, Any]]) -> dict[str, int]:
    counts = {
        "noticed_removed": 0,
        "copies_removed": 0,
        "unnoticed_removed": 0,
        "benign_removed": 0,
        "benign_held_ever": 0,
    }
    names = {"noticed": "noticed_removed", "copy": "copies_removed", "benign": "benign_removed"}
    names["unnoticed"] = "unnoticed_removed"
    for line in posts:
        kind = run.material.truth.get(line["id"], {}).get("kind", "benign")
        if line["state"] == "removed" and kind in names:
            counts[names[kind]] += 1
        if kind == "benign" and line["held_at"] is not None:
            counts["benign_held_ever"] += 1
    return counts
