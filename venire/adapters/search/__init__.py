"""Search indexes; each passes `tests/adapters/test_search.py`."""
