"""Stand-ins of vendors: real HTTP on the loopback, with a memory and faults to order."""
