"""What reads public posts and says what it saw, with the letters that made it say so."""
