"""The command `tap-warehouse`, also as `python -m tap_warehouse`."""

from singer_commons.start import starter

main = starter("tap_warehouse.tap")

if __name__ == "__main__":
    main()
