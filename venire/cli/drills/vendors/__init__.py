"""Drills of continuity: a vendor is taken away from a running site, and what follows is timed."""
