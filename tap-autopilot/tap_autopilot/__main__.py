"""The command `tap-autopilot`, also as `python -m tap_autopilot`."""

from singer_commons.start import starter

main = starter("tap_autopilot.tap")

if __name__ == "__main__":
    main()
