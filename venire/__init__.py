"""Venire: a self-hostable social network whose moderation is a jury of its members."""

__version__ = "0.1.0"
