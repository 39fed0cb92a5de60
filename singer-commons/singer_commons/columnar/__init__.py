"""Arrow batches to Singer lines without a Python object per value. Needs the extra `columnar`."""
