"""Statements as text. Nothing here talks to a pool."""
