"""What kinds of vendors, their states and drills are called; read as `words.py` is."""

from __future__ import annotations

from typing import Final

KINDS: Final = {
    "hosting": "Machines",
    "registrar": "Registrars of names",
    "dns": "Name servers",
    "certificates": "Certificates",
    "transit": "Networks",
    "sms": "Text messages",
    "mail": "E-mail",
    "payments": "Payments",
    "payouts": "Paying jurors",
    "bank": "Banks",
    "objects": "Stores of files and backups",
    "database": "Databases",
    "chat": "Chats",
    "push": "Notices to devices",
    "app_store": "App stores",
    "identity": "Sign-in by others",
    "code_hosting": "Homes of the program",
    "counsel": "Lawyers",
}
COLOURS: Final = {"green": "safe", "amber": "not quite safe", "red": "not safe"}
REASONS: Final = {
    "shut": "one refuses this site",
    "none": "there is none that can be used",
    "only_one": "there is only one",
    "same_owner_or_country": "they share an owner or a country",
    "idle": "not all were used this week",
    "drill_due": "its loss was not tried out in thirty days",
}
STATES: Final = {
    "serving": "works",
    "resting": "fails just now, tried again soon",
    "shut": "refuses this site",
}
