"""Authorities that vouch for the site's names."""
