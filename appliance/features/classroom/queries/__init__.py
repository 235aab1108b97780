"""Reads of the class's people, by subject; every one starts from what the reader may open."""
