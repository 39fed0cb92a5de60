"""The meaning: what a Synapse dedicated SQL pool accepts, refuses and answers, with DuckDB behind it."""
