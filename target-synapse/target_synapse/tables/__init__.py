"""The tables of streams: made, grown, replaced, and looked after."""
