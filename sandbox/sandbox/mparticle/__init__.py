"""A stand-in for mParticle's Events API v2 and the search of its IDSync API, with the profiles that batches leave behind.

Where this package says `documents` it means mParticle's developer documentation (docs.mparticle.com, source repository mParticle/docs,
and the JSON Schema published at docs.mparticle.com/schema/mparticle.inbound.eventsapi.schema.json). What they leave open is a
switch with a default: see `switches`.
"""
