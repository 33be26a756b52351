"""The figures of a drill, as a person reads them at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def figures_table(figures: Mapping[str, Any]) -> str:
    """A dozen lines: what came, what was found, what was judged, what it cost."""
    f = figures
    verified = "verifies" if figures["record_verified"] else "DOES NOT VERIFY"
    rows = (
        ("posts", f"{f['posts']}, at {f['post_rps']:.0f} a second"),
        (
            "notice items",
            (
                f"{f['items']}: {f['located']} located ({f['located_correct']} right,"
                f" {f['wrongly_located']} wrong), {f['not_found']} not found,"
                f" {f['ambiguous']} for a person"
            ),
        ),
        (
            "from notice to hidden",
            (
                f"half within {f['held_p50_s']:.1f} s, 95 of 100 within"
                f" {f['held_p95_s']:.1f} s; {f['held_before_notice']} were hidden before"
            ),
        ),
        (
            "removed",
            (
                f"{f['noticed_removed']} noticed, {f['copies_removed']} copies of them,"
                f" {f['unnoticed_removed']} that nobody had reported"
            ),
        ),
        (
            "benign posts",
            f"{f['benign_removed']} removed, {f['benign_held_ever']} ever held",
        ),
        (
            "cases",
            (
                f"{f['cases']}, {f['decided']} decided, {f['hung']} hung,"
                f" {f['ballots_per_case']:.2f} ballots each"
            ),
        ),
        ("statements of reasons", f"{f['statements']}"),
        ("public record", f"{f['record_size']} entries; it {verified}"),
        ("reply to the sender", "ready" if figures["reply_pack"] else "MISSING"),
        ("time", f"{f['seconds']:.0f} s"),
    )
    return "\n".join(f"  {name:<24}{value}" for name, value in rows)
