"""target-mparticle."""
