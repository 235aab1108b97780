"""Préau: a digital carnet de liaison that a school hosts itself."""

__version__ = "0.2.0"
