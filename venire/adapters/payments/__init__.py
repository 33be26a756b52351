"""Processors of payments in, one file each."""
