"""What each generated page says, one module for each kind of source."""
