"""The staging store: where files wait for the pool, how this command gets there, and how the pool does."""
