"""Container images without a container engine: `python3 -m image`. Standard library only."""
