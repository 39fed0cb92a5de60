"""How fast the commands are beside their peers, measured in one run: see docs/bench.md."""
