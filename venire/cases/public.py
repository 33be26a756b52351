"""What the record says besides the steps of cases: the policy before its use, notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venire.cases.court import Court
from venire.notices import rules
from venire.notices import store as notices
from venire.record import store as record_store
from venire.record.entry import SALT_BYTES, commit_all, encode_entry
from venire.record.headers import hour_of


async def note_policy(court: Court) -> int:
    """Put the policy's hash into the record, once for each text of it, before it is used."""
    header = {
        "type": "policy",
        "hour": hour_of(court.world.now_ms()),
        "rules": court.policy.version,
        "policy": court.policy.digest,
    }
    entry = encode_entry(header, {})
    return await court.sequencer.append(f"policy:{court.policy.digest}", entry)


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
    return await _append(court, f"notice:{notice_id}", header, commits)


async def _append(
    court: Court, key: str, header: Mapping[str, Any], commits: Mapping[str, str]
) -> int:
    """Append under a salt that is kept first, so that a retelling blinds it the same way."""
    salt = await record_store.salt(court.world.storage, key)
    if salt is None:
        salt = court.world.chance.token(SALT_BYTES)
        await court.world.storage.commit(key, [record_store.put_salt(key, key, salt, None)])
    return await court.sequencer.append(key, encode_entry(header, commit_all(commits, salt)))
