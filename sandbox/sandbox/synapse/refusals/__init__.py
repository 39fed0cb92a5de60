"""What a pool says no to: one function for each refusal, with its number and where the rule is written."""
