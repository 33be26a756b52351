"""What the alarms of texts are called; read as `words.py` is."""

from __future__ import annotations

from typing import Final

ALARMS: Final = {
    "codes_not_used": "few codes come back: somebody may earn from these texts",
    "texts_not_delivered": "few arrive",
    "receipts_missing": "codes come back of texts that no receipt tells of",
    "receipts_too_many": "more receipts than texts",
    "receipts_unknown": "receipts of texts that nobody sent",
    "prefix_closed": "a prefix was closed: its codes do not come back",
    "budget_spent": "the money of an hour was spent",
    "day_full": "a country has had all texts of the day",
}
