"""A double-entry ledger: what is set aside, what is owed to whom, what was paid."""
