"""From T-SQL text to what each statement asks for."""
