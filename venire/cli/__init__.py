"""Roof: commands, and the drills and demo that speak HTTP to a running site."""
