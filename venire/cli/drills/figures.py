"""The figures of a drill, as a person reads them at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def figures_table(figures: Mapping[str, Any]) -> str:
    """A dozen lines: what came, what was found, what was judged, what it cost."""
    verified = "verifies" if figures["record_verified"] else "DOES NOT VERIFY"
    rows = (
        ("posts", f"{figures['posts']}, at {figures['post_rps']:.0f} a second"),
        (
            "notice items",
            f"{figures['items']}: {figures['located']} located ({figures['located_correct']} right,"
            f" {figures['wrongly_located']} wrong), {figures['not_found']} not found,"
            f" {figures['ambiguous']} for a person",
        ),
        (
            "from notice to hidden",
            f"half within {figures['held_p50_s']:.1f} s, 95 of 100 within"
            f" {figures['held_p95_s']:.1f} s; {figures['held_before_notice']} were hidden before",
        ),
        (
            "removed",
            f"{figures['noticed_removed']} noticed, {figures['copies_removed']} copies of them,"
            f" {figures['unnoticed_removed']} that nobody had reported",
        ),
        (
            "benign posts",
            f"{figures['benign_removed']} removed, {figures['benign_held_ever']} ever held",
        ),
        (
            "cases",
            f"{figures['cases']}, {figures['decided']} decided, {figures['hung']} hung,"
            f" {figures['ballots_per_case']:.2f} ballots each",
        ),
        ("statements of reasons", f"{figures['statements']}"),
        ("public record", f"{figures['record_size']} entries; it {verified}"),
        ("reply to the sender", "ready" if figures["reply_pack"] else "MISSING"),
        ("time", f"{figures['seconds']:.0f} s"),
    )
    return "\n".join(f"  {name:<24}{value}" for name, value in rows)
