"""The roof: settings, keys, wiring, who hears what, the workers, the running site."""
