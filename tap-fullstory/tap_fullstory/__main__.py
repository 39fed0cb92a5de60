"""The command `tap-fullstory`, also as `python -m tap_fullstory`."""

from singer_commons.start import starter

main = starter("tap_fullstory.tap")

if __name__ == "__main__":
    main()
