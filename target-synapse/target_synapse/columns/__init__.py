"""Rows that stay in columns: from an Arrow table to lines of CSV, the same bytes that `records.RowWriter` writes row by row."""
