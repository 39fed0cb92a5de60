"""`python -m target_synapse`."""

from target_synapse.target import main

main()
