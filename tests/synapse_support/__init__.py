"""Stand-ins and helpers of the tests of target-synapse."""
