"""Writes on the class's people, a file per subject; every one begins with the right to manage the class."""
