"""The only place that opens transactions, knows SQL dialects and writes files."""
