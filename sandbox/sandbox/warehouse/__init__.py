"""A small warehouse in a DuckDB file, grown from a real customer base."""
