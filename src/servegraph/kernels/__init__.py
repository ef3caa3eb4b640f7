"""Models compiled at load: the same answers from NumPy and onnxruntime, in microseconds.

`compile` reads a fitted model of scikit-learn, XGBoost or LightGBM into steps, asks both the model and the
steps thousands of questions, and gives a `Kernel`, or a `Refusal` that says why not. `load` finds what
`save` kept, without the libraries the model came from.

The only door to onnx and onnxruntime. No artifacts, no engine here: whoever wires gives models and rows.
"""

from servegraph.kernels.compiling import compile
from servegraph.kernels.kernel import Cost, Kernel, Outcome, Proof, Refusal
from servegraph.kernels.storing import Fact, Kept, load, save

__all__ = ["Cost", "Fact", "Kept", "Kernel", "Outcome", "Proof", "Refusal", "compile", "load", "save"]
