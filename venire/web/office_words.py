"""What codes are called on the desks of those who decide in office; read as `words.py` is."""

from __future__ import annotations

from typing import Final

SEALED_STATES: Final = {
    "waiting": "waits for a decision",
    "unfounded": "found to be nothing",
    "prepared": "to be reported to the authority",
    "reported": "reported",
}
SEALED_ACTS: Final = {
    "opened": "read the text",
    "violates": "found it to be so",
    "keeps": "found it to be nothing",
    "took_packet": "took the packet",
    "reported": "reported it",
}
BULK_KINDS: Final = {
    "author": "Posts of one account",
    "domain": "Posts with a link to a domain",
    "text": "Posts that say the same",
    "wave": "All that one account did: posts, boosts, follows",
}
BULK_STATES: Final = {
    "counting": "being counted",
    "ready": "counted, and nothing done yet",
    "acting": "being removed",
    "done": "removed",
    "restoring": "being put back",
    "restored": "put back",
    "dropped": "given up",
}
BULK_ITEMS: Final = {
    "meant": "meant",
    "done": "removed",
    "left": "left alone",
    "restored": "put back",
}
BULK_WHY: Final = {
    "gone": "not there, or not public",
    "own": "your own",
    "staff": "of somebody with a role",
    "sealed": "for the named person",
    "appealed": "an appeal runs",
    "kept_by_jury": "kept by jurors",
    "removed_before": "removed before",
    "case_closed": "its case is over",
    "own_case": "your own",
    "named_person_only": "for the named person",
    "judged_after_all": "hidden until its judges decide",
    "removed_otherwise": "removed for something else",
    "copyright": "a claim of copyright stands",
}
ORDER_STATES: Final = {
    "registered": "waits for approval",
    "approved": "being carried out",
    "carried_out": "carried out",
    "lifting": "being lifted",
    "lifted": "lifted",
    "refused": "refused",
}
DEMAND_STATES: Final = {
    "received": "received",
    "under_review": "under legal review",
    "narrowed": "narrowed",
    "refused": "refused",
    "answered": "answered",
}
NOTICE_STATES: Final = {
    "received": "waits for a moderator",
    "accepted": "accepted",
    "refused": "refused",
    "withdrawn": "withdrawn",
}
COPYRIGHT_ITEMS: Final = {
    "located": "found, and still there",
    "not_found": "not found here",
    "removed": "removed",
    "countered": "removed, and answered by its uploader",
    "action_filed": "before a court",
    "restored": "back in its place",
    "withdrawn": "withdrawn by the claimant",
}
