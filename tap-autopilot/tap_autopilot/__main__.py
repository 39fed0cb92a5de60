"""`python -m tap_autopilot`."""

from tap_autopilot.tap import main

main()
