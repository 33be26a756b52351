"""Drills: the site is run through what it is for, over HTTP alone, and scored."""
