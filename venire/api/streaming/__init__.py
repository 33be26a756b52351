"""Events as they happen: https://docs.joinmastodon.org/methods/streaming/."""
