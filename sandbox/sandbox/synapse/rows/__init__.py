"""What reads and changes rows."""
