"""Local stand-ins for the cloud services that the suite's taps and targets talk to."""
