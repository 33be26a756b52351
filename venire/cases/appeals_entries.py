"""What the record says of an appeal: that one was filed, how it ended, what that corrects. Pure."""

from __future__ import annotations

from typing import Any

from venire.cases import entries
from venire.cases.appeals import Party
from venire.cases.model import Case
from venire.cases.policy import Policy


def filed_headers(case: Case, party: Party) -> list[tuple[str, dict[str, Any]]]:
    """The entry of an appeal that was filed."""
    header = {"category": case.category, "appellant": party, "outcome": "filed"}
    return [("appeal", header)]


def end_headers(
    case: Case, policy: Policy, *, outcome: str, measure: str, corrects: int | None
) -> list[tuple[str, dict[str, Any]]]:
    """The entries of an appeal's end: its outcome, and where it won, what it changes and corrects.

    `corrects` is where the decision stands in the record.
    """
    appeal = case.appeal
    if appeal is None:
        return []
    header: dict[str, Any] = {
        "category": case.category,
        "appellant": appeal.party,
        "outcome": outcome,
    }
    if outcome in {"upheld", "overturned"} and case.verdict is not None:
        header |= {"verdict": case.verdict, "judged_by": case.judged_by}
        if case.round is not None:
            header["round"] = case.round.number
    headers = [("appeal", header)]
    if outcome != "overturned":
        return headers
    if appeal.party == "author":
        lift = {**entries.lift_header(case, policy), "cause": "appeal"}
        headers.append(("lift", lift))
    else:
        headers.append(("measure", entries.measure_header(case, policy, measure)))
    return [*headers, *correction(case, corrects, measure)]


def correction(
    case: Case, corrects: int | None, measure: str = "none"
) -> list[tuple[str, dict[str, Any]]]:
    """The entry that corrects an earlier one, where that is known."""
    if corrects is None:
        return []
    header: dict[str, Any] = {
        "corrects": corrects,
        "reason": "appeal_won",
        "category": case.category,
        "measure": measure or "none",
    }
    if case.verdict is not None:
        header["verdict"] = case.verdict
    return [("correction", header)]
