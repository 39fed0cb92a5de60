"""The command `target-mparticle`, also as `python -m target_mparticle`."""

from singer_commons.start import starter

main = starter("target_mparticle.target")

if __name__ == "__main__":
    main()
