"""tap-autopilot."""
