"""Declared tables, the verbs on them, the engines behind, the outbox that is the journal."""
