"""The command `target-synapse`, also as `python -m target_synapse`."""

from singer_commons.start import starter

main = starter("target_synapse.target")

if __name__ == "__main__":
    main()
