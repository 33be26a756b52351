"""The record: an append-only public log of what moderation did, checkable by outsiders."""
