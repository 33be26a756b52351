"""What the codes of appeals are called on the pages: English here, others in `venire/locales/`."""

from __future__ import annotations

from typing import Final

APPEAL_STATES: Final = {
    "filed": "Arrived",
    "judging": "Being heard",
    "upheld": "Heard: the decision stands",
    "overturned": "Heard: you were right",
    "withdrawn": "Withdrawn",
    "moot": "Ended without a decision",
}
APPEAL_CODES: Final = {
    "withdrawn": "You took it back. The decision stands.",
    "appellant_gone": "Its account was deleted. The decision stands.",
    "subject_deleted": "Its author deleted what it was about.",
    "by_moderator": "A moderator decided it.",
}
APPEAL_REFUSED: Final = {
    "appeal_time_over": "The time for an appeal is over.",
    "before_the_jury": "It is being judged already. You can appeal against what is decided.",
    "decision_replaced": "This was decided anew since. Look at the case for what stands now.",
    "decision_final": "The bench has had the last word on this.",
    "counter_notice_instead": "Against a claim of copyright, send a counter-notice.",
    "appeal_running": "Fresh jurors are looking at it already.",
    "appealed_already": "This decision was appealed already.",
}
