"""Singer tap for the Autopilot (AutopilotHQ) REST API, version 1."""
