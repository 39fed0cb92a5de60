"""`python -m tap_fullstory`."""

from tap_fullstory.tap import main

main()
