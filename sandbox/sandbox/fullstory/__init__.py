"""A stand-in for FullStory's server APIs: who visited (users), when (sessions), and what they did (events in export bundles)."""
