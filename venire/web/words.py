"""What codes are called on the pages: English here, other languages in `venire/locales/`.

A test reads every table of this file: what has no Indonesian text fails it.
"""

from __future__ import annotations

from typing import Final

CASE_STATES: Final = {
    "open": "Waiting to be judged",
    "judging": "Being judged",
    "decided": "Decided",
    "closed": "Closed",
}
WAITS_FOR: Final = {
    "ballots": "ballots of the panel",
    "panel": "a panel",
    "bench": "the bench",
    "moderator": "a moderator",
    "named_person": "the person named for it",
    "copyright_procedure": "the copyright procedure",
    "operator": "an operator's release",
    "reports": "a second report",
    "appeal": "a fresh panel",
    "": "nothing",
}
FOUND_BY: Final = {
    "report": "a member's report",
    "detector": "a detector of this site",
    "bank": "a match with a post removed before",
    "notice": "a notice from an outside body",
    "moderator": "a moderator",
    "juror": "a juror",
    "target": "the person it is aimed at",
    "audit": "a random audit",
    "order": "an authority's order",
    "search": "a search",
}
DECIDED_BY: Final = {
    "panel": "A panel of members drawn by lot",
    "bench": "A member of the bench",
    "admin": "An admin, in place of the bench",
    "appeal": "A fresh panel, on appeal",
    "moderator": "A moderator",
    "named_person": "The person named for such cases",
    "bank": "The verdict on the same text, removed before",
}
QUOTES: Final = {
    "pending": "The author of the quoted post has not agreed yet.",
    "rejected": "The author of the quoted post does not want to be quoted here.",
    "revoked": "The author of the quoted post does not want to be quoted here.",
    "deleted": "The quoted post was deleted.",
    "hidden": "The quoted post is by someone whom you hide.",
    "unauthorized": "The quoted post cannot be shown.",
}
"""Why a quote shows nothing."""
MEASURES: Final = {
    "none": "nothing",
    "hold": "hidden for now",
    "label": "labelled",
    "age_restrict": "for adults only",
    "demote": "shown to fewer",
    "remove": "removed",
    "withhold": "not shown in some countries",
    "suspend": "account suspended",
    "terminate": "account closed",
    "lift": "visible again",
    "keep": "kept",
}
VERDICTS: Final = {
    "violates": "It breaks the rules",
    "keeps": "It is within the rules",
    "hung": "The panel could not decide",
}
HOLDS: Final = {
    "none": "not hidden",
    "held": "hidden from all but its author",
    "lifted": "was hidden, is visible again",
}
JUDGES: Final = {
    "panel": "a panel of members, drawn by lot",
    "bench": "the bench: trained, named jurors",
    "named_person": "one named person; it is reported to the authority",
    "moderator": "a moderator",
    "copyright_procedure": "the copyright procedure: notice and counter-notice",
}
AT_ONCE: Final = {
    "hold": "hidden at once until decided",
    "hold_when_severe": "hidden at once when severe",
    "rate_limit": "slowed down at once",
    "none": "stays visible until decided",
}
VISIBILITIES: Final = {
    "public": "Public",
    "unlisted": "Unlisted",
    "private": "Followers only",
    "direct": "Those it names",
}
ROLES: Final = {"member": "member", "moderator": "moderator", "admin": "admin"}
STATEMENT_KINDS: Final = {
    "hold": "Hidden for now",
    "measure": "Removed",
    "lift": "Visible again",
    "overturned": "Appeal won",
    "upheld": "Appeal not won",
    "reporting_warned": "Warning",
    "reporting_suspended": "Reports not taken",
}
ACCOUNT_STATEMENTS: Final = {
    "hold": "Hidden for now",
    "measure": "Rule broken",
    "lift": "Within the rules",
    "overturned": "Appeal won",
    "upheld": "Appeal not won",
    "reporting_warned": "Warning",
    "reporting_suspended": "Reports not taken",
}
UNFIT: Final = {
    "not_active": "Your account or your service is not active.",
    "no_consent": "You have not consented yet.",
    "too_young": "Jurors are at least {age}, and we do not know that you are.",
    "no_contact": "Your e-mail address is not confirmed yet.",
    "new_account": "Your account must be {days} days old.",
    "paused": "You pause. End the pause to be drawn again.",
    "untrained": "You have not been trained yet.",
}
REVIEWS: Final = {
    "judged_otherwise": "The bench, not knowing the verdict, judged otherwise",
    "question_wrong": "The answer to a calibration question was wrong",
}
NOTICE_KINDS: Final = {
    "items": "posts to act on",
    "warning": "warning",
    "plan_demand": "asks for a plan",
    "termination": "ends the service",
}
NOTICE_STATES: Final = {
    "reading": "Being read",
    "awaiting_confirmation": "Waits for a person to confirm",
    "working": "Being worked on",
    "final": "Final",
}
ITEM_STATES: Final = {
    "received": "Being read",
    "awaiting_confirmation": "Waits for confirmation",
    "unreadable": "Unreadable",
    "located": "Found",
    "held": "Hidden, being judged",
    "removed": "Removed",
    "kept": "Kept by the jury",
    "disputed": "Disputed",
    "removed_before_notice": "Removed before the notice",
    "edited_since": "Edited since",
    "deleted_by_author": "Deleted by its author",
    "duplicate": "Duplicate",
    "foreign": "Of another site",
    "ambiguous": "Several could be meant",
    "not_found": "Not found",
}
UNREADABLE: Final = {
    "missing_file": "the file it names did not come along",
    "broken_image": "the picture is broken",
    "too_large": "it is too large",
    "empty_text": "it says nothing",
    "path_outside": "the file name leads outside the notice",
    "bad_row": "the row cannot be read",
}
REMARKS: Final = {
    "kind_unknown": "The kind of the notice was not understood; it is treated as a list of posts.",
    "received_at_unreadable": "The date of receipt could not be read; the moment of upload counts.",
    "category_unknown": "The category is not one of ours; it is treated as other.",
    "due_hours_unreadable": "The deadline could not be read; 24 hours are assumed.",
}
CHANNELS: Final = {
    "message": "A message from this site",
    "push": "A push to your devices",
    "mail": "An e-mail",
    "sms": "A text to your phone",
    "chat": "A chat",
}
"""How a juror may hear of a summons."""
PAYOUTS: Final = {
    "asked": "asked for",
    "sent": "on its way",
    "paid": "paid",
    "failed": "did not arrive",
    "withdrawn": "taken back",
}
ACTIONS: Final = {
    "remove": "Remove",
    "hold": "Hide for now",
    "keep": "Keep visible",
}
DONE: Final = {
    "posted": "Your post is on the timeline.",
    "deleted": "Your post is deleted.",
    "reported": "Your report has arrived. A receipt is in your inbox.",
    "opted_in": "Thank you. You are on the list for the next draw.",
    "opted_in_wait": "Thank you. What is still missing before you can be drawn stands below.",
    "opted_out": "You have left the jury. No new draw will reach you.",
    "voted": "Thank you. Your ballot is in, and it stays as you cast it.",
    "chosen_alerts": "Saved. Alerts come in this way from now on.",
    "texts_stopped": "No text goes out any more, from now on and everywhere.",
    "texts_allowed": "Texts go out again.",
    "code_sent": "A code is on its way, if there is somebody to take it.",
    "phone_added": "The number is yours here.",
    "phone_removed": "The number is forgotten.",
    "chat_added": "Alerts come there from now on, where you choose chat.",
    "chat_removed": "The address is forgotten.",
    "paused": "You pause. Nothing is asked of you until then.",
    "pause_over": "Welcome back. You may be drawn again.",
    "payout_asked": "Your payout is asked for. It is owed to you until you have it.",
    "payout_withdrawn": "Taken back. It stands in your balance again.",
    "destination_chosen": "Saved. You are paid there from now on.",
    "destination_forgotten": "The account is forgotten. What is owed to you stays owed.",
    "renewals_ended": "The renewals are ended. What is paid for stays yours.",
    "declined": "You gave the seat back. That is all right, and it is not counted against you.",
    "acted": "Done, and in the record.",
    "vendor_noted": "Noted.",
    "reporter_answered": "Answered. Whoever appealed is told.",
    "noted": "Noted. Only moderators see it.",
    "handed_over": "Handed over.",
    "written": "Written to the author, without a strike.",
    "appealed": "Your appeal has arrived.",
    "withdrawn": "Your appeal is withdrawn.",
    "received_order": "Registered. Nothing follows before it is decided.",
    "answered": "Your answer has arrived. The page says when the post comes back.",
    "confirmed": "Confirmed. The posts found are being hidden and judged.",
    "chosen": "Noted. The item goes on from here.",
    "released": "Released. The post is visible again, and the reply says so.",
    "password_changed": "Your password is set, and you are signed in.",
    "received": "The notice has arrived and is being read.",
    "signed_out": "You are signed out.",
    "welcome": "Welcome. Your account is ready.",
    "followed": "You follow this account now.",
    "unfollowed": "You no longer follow this account.",
    "import_begun": "It has arrived and is being worked on. This page says how far it is.",
    "export_asked": "Your archive is being made. Look again in a while.",
    "moved": "Your profile now says where you went.",
    "doubted": "The bench will look at it. What comes of it stands here.",
    "reviewed": "Noted.",
    "begun": "Begun. Look again in a while: this page says how far it is.",
    "prepared": "The packet is prepared. Nobody has read it.",
}
"""What `?done=` may say: a sentence of ours, never one from the address."""

IMPORT_KINDS: Final = {
    "archive": "Archive with posts",
    "following": "Follows",
    "blocking": "Blocks",
    "muting": "Mutes",
    "lists": "Lists",
    "bookmarks": "Bookmarks",
    "domain_blocking": "Blocked domains",
    "filters": "Filters",
}
IMPORT_STATES: Final = {
    "receiving": "Arriving",
    "working": "Being brought in",
    "removing": "Removing what is not named",
    "done": "Done",
    "failed": "Ended",
}
IMPORT_ENDED: Final = {
    "stopped": "You stopped it. What it brought stays.",
    "upload_cut_off": "It did not arrive whole: send it again.",
    "account_suspended": "Your account is suspended.",
    "source_missing": "The file is gone: send it again.",
}
LEFT_OUT: Final = {
    "": "Could not be read",
    "account_unknown": "Nobody here has this name",
    "address_invalid": "Not an address",
    "boost": "Boosts of others",
    "date_crowded": "Too many posts of one moment",
    "date_in_future": "A date that has not come yet",
    "date_too_early": "A date before there were such posts",
    "date_unknown": "No date",
    "direct_message": "Direct messages",
    "expired": "Over already",
    "follow_blocked": "Blocked by you or by them",
    "follow_requested": "Their answer to your request is awaited",
    "media_missing": "Nothing but a picture that is missing",
    "not_a_post": "Not a post",
    "oneself": "Yourself",
    "record_not_found": "Not here any more, or not yours to see",
    "text_too_large": "Too long",
    "too_many_waiting": "More than can wait for other sites",
}
EXPORT_STATES: Final = {
    "asked": "Being made",
    "ready": "Ready",
    "failed": "Failed: ask again",
}

SEALED: Final = {
    "private": "This was not said in public: only the bench reads it.",
    "child_safety": "Only the person named for such cases opens this one.",
}
SEARCHED: Final = {
    "address": "the address itself",
    "elsewhere": "an address of another site: {host}",
    "words": "{count} posts with words of it",
}
FORM_ERRORS: Final = {
    "comment_too_long": "A comment has 1,000 characters at most.",
    "rule_missing": "Choose the rule that it breaks.",
    "wrong_password": "Wrong name or password",
    "not_understood": "Tick the box if you want this.",
    "no_file": "Choose a file and what it is.",
    "no_such_account": "Nobody here has this name.",
}
FAULTS: Final = {
    "ERR_BLANK": "This is needed.",
    "ERR_TAKEN": "This is taken already.",
    "ERR_RESERVED": "This name is reserved.",
    "ERR_TOO_LONG": "This is too long.",
    "ERR_TOO_SHORT": "This is too short.",
    "ERR_INVALID": "This has the wrong form.",
    "ERR_BELOW_LIMIT": "You are too young to join this site.",
    "ERR_ACCEPTED": "Please read the rules and agree to them.",
    "ERR_BLOCKED": "Addresses of this provider are not taken here.",
    "ERR_UNREACHABLE": "No mail reaches this address.",
    "ERR_INCLUSION": "Choose one of those that there are.",
}
"""Of sign-up, as `people.rules` names them."""
