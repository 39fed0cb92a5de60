"""singer-commons."""
