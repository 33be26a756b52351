"""What stands in the moderators' log, by what was done: English here, others in the catalogue."""

from __future__ import annotations

from typing import Final

from venire.web.words import ACTIONS

LOGGED: Final = {
    **ACTIONS,
    "message": "Written to the author",
    "take_seat": "A juror's seat taken back",
    "strike_ballot": "A ballot struck for a tie to the case",
    "ask_for_a_tie": "Asked whether somebody has a tie to the case",
    "judge_again": "Fresh jurors asked, for a tie of one to the case",
    "sensitive": "Pictures behind a warning",
    "unsensitive": "Pictures without a warning again",
    "silence": "Left out of public lists",
    "unsilence": "In public lists again",
    "disable": "Nobody can sign in",
    "enable": "Signing in possible again",
    "suspend": "Account suspended",
    "unsuspend": "Suspension ended",
}
