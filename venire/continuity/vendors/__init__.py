"""Several vendors of one kind, what is known of each, and what drills have shown."""
