"""The pages: server-rendered, in two languages, complete without scripts."""
