"""Hosts of names: where the site's zones are set."""
