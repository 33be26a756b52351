"""Every table of the house, one file per room; `ALL` is what an engine creates."""
