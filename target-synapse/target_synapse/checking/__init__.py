"""`--check`, and what is tried before anything is read."""
