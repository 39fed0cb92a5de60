"""Rows: which SQL type holds a property, and how a record becomes a line of a staged part."""
