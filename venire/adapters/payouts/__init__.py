"""Vendors that pay people out, one file each."""
