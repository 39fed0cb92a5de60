"""SQL of the user's own: hooks, and transformations of staged rows."""
