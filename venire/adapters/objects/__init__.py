"""Object stores; each passes `tests/adapters/test_objects.py`."""
