"""What the pages of sign-in and security say: by code, as `words`."""

from __future__ import annotations

from typing import Final

DONE: Final = {
    "shown": "Thank you. For ten minutes you can change what opens your account.",
    "passkey_added": "The passkey is added.",
    "passkey_removed": "The passkey is removed.",
    "app_added": "The app is added. From now on its code is asked for.",
    "app_removed": "The app is removed.",
    "mail_on": "From now on a code is sent to your mailbox when you sign in.",
    "mail_off": "No code is sent any more when you sign in.",
    "texts_on": "From now on a text to your phone will do as well.",
    "texts_off": "No text is sent any more when you sign in.",
    "text_sent": "A text is on its way to your phone.",
    "code_sent": "A code is on its way to your mailbox.",
}
ERRORS: Final = {
    "wrong_code": "This code is wrong, was used already, or its time is over.",
    "wrong_answer": "That was not right. After five wrong answers you begin anew.",
    "passkey": "The passkey was not accepted. Try again.",
    "not_shown": "Show first that it is you.",
    "over": "The time for this is over: sign in again.",
    "name": "A name has 1 to 60 characters.",
    "text_alone": "Add a passkey or an app first: a text alone is too weak.",
    "no_phone": "Add a phone number first.",
    "no_mailbox": "No letter reaches your mailbox now. Use another way, or confirm your address.",
    "many": "An account has 20 passkeys at most.",
}
