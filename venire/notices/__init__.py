"""The notice desk: what an outside body says of our posts, found, and answered in time."""
