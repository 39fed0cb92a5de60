"""The wire: a TDS 7.4 server that knows nothing of what the SQL means."""
