"""The stand-in for the Autopilot (AutopilotHQ) REST API v1."""
