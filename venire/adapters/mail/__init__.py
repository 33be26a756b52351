"""Ways to people's mailboxes; each passes `tests/adapters/test_mail.py`."""
