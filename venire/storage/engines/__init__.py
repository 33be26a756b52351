"""One file per engine; each passes `tests/conformance`."""
