"""The system views."""
