"""What changes objects: tables, and what stands beside their rows."""
