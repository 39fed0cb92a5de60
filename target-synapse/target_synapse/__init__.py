"""target-synapse."""
