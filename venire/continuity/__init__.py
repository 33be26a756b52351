"""It outlives the loss of any vendor: failover, the register, journal, restore, relocation."""
