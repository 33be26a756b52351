"""Bedrock: ids, clock, chance, errors, ports, text. Knows nothing above it."""
