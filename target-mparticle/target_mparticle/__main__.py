"""`python -m target_mparticle` is the command target-mparticle."""

from target_mparticle.target import main

main()
