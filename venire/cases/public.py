"""What the record says besides the steps of cases: the policy before its use, notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from venire.cases.court import Court
from venire.cases.policy import Policy
from venire.notices import rules
from venire.notices import store as notices
from venire.record import store as record_store
from venire.record.entry import SALT_BYTES, commit_all, encode_entry
from venire.record.headers import hour_of
from venire.storage.tables.calibration import POLICIES, PolicyRow

_SITE = 0
_PARTS = 100_000


async def note_policy(court: Court) -> int:
    """Put the policy into the record before it is used: at first, and at each change of its text.

    Its hash, and in clear what a panel decides by. One that comes back after another is a change.
    """
    storage, digest = court.world.storage, court.policy.digest
    last = await storage.range(POLICIES, (_SITE,), limit=1)
    if last and last[0].digest == digest:
        row = last[0]
    else:
        row = PolicyRow(_SITE, last[0].number + 1 if last else 1, digest, None)
        await storage.put(POLICIES, row)
    if row.record_index is not None:
        return row.record_index
    header = {
        "type": "policy",
        "hour": hour_of(court.world.now_ms()),
        "rules": court.policy.version,
        "policy": digest,
        **thresholds(court.policy),
    }
    entry = encode_entry(header, {})
    index = await court.sequencer.append(f"policy:{row.number}:{digest}", entry)
    await storage.put(POLICIES, msgspec.structs.replace(row, record_index=index))
    return index


def thresholds(policy: Policy) -> dict[str, Any]:
    """What a panel decides by, as a header has it: probabilities and log-odds in 100,000ths."""
    panel, contested = policy.panel, policy.panel.contested
    parts = {
        "prior": panel.prior,
        "violates_at": panel.violates_at,
        "keeps_at": panel.keeps_at,
        "contested_violates_at": contested.violates_at,
        "contested_keeps_at": contested.keeps_at,
        "weight_cap": contested.weight_cap,
        "gold_share": policy.calibration.gold_share,
        "again_share": policy.calibration.again_share,
    }
    return {
        "panel_rule": panel.rule,
        "min_ballots": panel.min_ballots,
        "max_ballots": panel.max_ballots,
        "contested_min_ballots": contested.min_ballots,
        "contested_max_ballots": contested.max_ballots,
        **{name: round(value * _PARTS) for name, value in parts.items()},
    }


async def note_notice(court: Court, notice_id: int) -> int | None:
    """Put the arrival of a notice into the record; who sent it is committed to, not named."""
    notice = await notices.load(court.world.storage, notice_id)
    if notice is None:
        return None
    header: dict[str, Any] = {
        "type": "notice",
        "hour": hour_of(notice.imported_at_ms),
        "rules": court.policy.version,
        "notice_kind": notice.kind,
        "items": notice.item_count,
        "authenticated": notice.verified,
        "source": "notice",
    }
    category = rules.category_named(notice.category)
    if category is not None:
        header["category"] = category
    commits = {"provider": notice.provider, "reference": notice.reference, "ref": str(notice.id)}
    return await append(court, f"notice:{notice_id}", header, commits)


async def note_again(court: Court, header: Mapping[str, Any], commits: Mapping[str, str]) -> int:
    """Put into the record what a bench that did not know a verdict said of it."""
    whole = {
        "type": "rejudgement",
        "hour": hour_of(court.world.now_ms()),
        "rules": court.policy.version,
        **header,
    }
    return await append(court, f"again:{header['of']}", whole, commits)


async def append(
    court: Court, key: str, header: Mapping[str, Any], commits: Mapping[str, str]
) -> int:
    """Append under a salt that is kept first, so that a retelling blinds it the same way."""
    salt = await record_store.salt(court.world.storage, key)
    if salt is None:
        salt = court.world.chance.token(SALT_BYTES)
        await court.world.storage.commit(key, [record_store.put_salt(key, key, salt, None)])
    return await court.sequencer.append(key, encode_entry(header, commit_all(commits, salt)))
