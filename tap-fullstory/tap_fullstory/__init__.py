"""tap-fullstory."""
