"""Every table of the house, one file per room; `every.ALL` is what an engine creates."""
