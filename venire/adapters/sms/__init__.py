"""Vendors of text messages, one file each."""
