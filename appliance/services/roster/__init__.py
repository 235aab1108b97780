"""Rosters: every format of class list becomes the same records; what is doubtful is listed, never guessed."""
