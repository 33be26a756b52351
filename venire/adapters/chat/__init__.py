"""Chat services, for alerts without content."""
