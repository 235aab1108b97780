"""Schema steps, read by storage/migrate.py."""
