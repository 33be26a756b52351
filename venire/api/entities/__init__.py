"""What goes out as JSON: one struct per Mastodon entity, every documented key always there."""
