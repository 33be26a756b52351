"""How an account stands with the jury, as that account alone reads it."""

from __future__ import annotations

from typing import Any

from venire.cases import pay, pay_statements
from venire.cases.court import Court
from venire.cases.pace import pace_of
from venire.jury import actions as jury
from venire.jury import alert_book, choices, warning
from venire.kernel.clock import iso_ms


async def juror_view(court: Court, account_id: int, language: str = "en") -> dict[str, Any]:
    """Service, warning and consent, dose and break, alerts and pay of one account."""
    world, policy = court.world, court.policy
    status = await jury.standing(world, policy.jury, account_id)
    chosen = await choices.load(world.storage, account_id)
    consent = await choices.consent_of(world.storage, account_id)
    known = await pace_of(world, policy, account_id)
    paused = chosen.paused_until_ms > world.now_ms()
    rest = known.break_until_ms
    return {
        "state": status.state,
        "opted_out_of": sorted(status.opt_outs),
        "bench": status.bench,
        "paid": status.paid,
        "eligible": not status.missing,
        "missing": list(status.missing),
        "dose": policy.panel.dose,
        "served_today": known.ballots + known.seated,
        "break_until": None if rest is None else iso_ms(rest),
        "paused_until": iso_ms(chosen.paused_until_ms) if paused else None,
        "warning": {
            "version": warning.VERSION,
            "text": warning.warning(
                language,
                dose=policy.panel.dose,
                hard=policy.jury.break_after,
                minutes=policy.jury.break_minutes,
            ),
        },
        "consent": _consent(consent),
        "alerts": await _alerts(court, account_id, chosen),
        "pay": pay_statements.offer_view(policy, await pay.offer_to(world, policy, account_id)),
    }


def _consent(consent: choices.Consent | None) -> dict[str, str] | None:
    if consent is None:
        return None
    return {"at": iso_ms(consent.at_ms), "version": consent.warning}


async def _alerts(court: Court, account_id: int, chosen: choices.Choices) -> dict[str, Any]:
    healths = await alert_book.healths(court.world.storage, account_id)
    return {
        "channels": list(chosen.channels),
        "quiet_from": clock_time(chosen.quiet_from),
        "quiet_to": clock_time(chosen.quiet_to),
        "utc_offset": chosen.utc_offset,
        "health": [
            {"channel": one.channel, "health": one.health, "since": iso_ms(one.since_ms)}
            for one in healths
        ],
    }


def clock_time(minutes: int) -> str:
    """Minutes of a day as `HH:MM`."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
