"""servegraph: run, watch and ship Seldon Core inference graphs written as plain Python classes."""

__version__ = "0.1.0"
