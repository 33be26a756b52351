"""The outside, one file per vendor or engine; each implements a port of `kernel.ports`."""
