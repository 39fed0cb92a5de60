"""A Singer target that sends rows to mParticle as user attributes, identities and events."""
