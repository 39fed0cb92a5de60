"""tap-warehouse."""
