"""The roof: settings, keys, wiring, who hears what, the workers, the running site."""

from venire.server import lean

__all__ = ("lean",)
