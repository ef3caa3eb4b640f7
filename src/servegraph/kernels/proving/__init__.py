"""The proof: original and steps are asked the same questions, and must not differ."""

from servegraph.kernels.proving.comparing import Comparison, Counterexample
from servegraph.kernels.proving.original import Original
from servegraph.kernels.proving.questions import prove

__all__ = ["Comparison", "Counterexample", "Original", "prove"]
