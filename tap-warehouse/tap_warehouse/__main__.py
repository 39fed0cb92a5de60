"""`python -m tap_warehouse` is the command `tap-warehouse`."""

from tap_warehouse.tap import main

main()
