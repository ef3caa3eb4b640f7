"""From a fitted model to steps, one reader for each kind; which kinds there are.

Models are recognized by the exact class, not by what they inherit: a subclass may compute anything.
Nothing here imports the libraries that the models come from.
"""

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from servegraph.kernels.reading import encoders, forests, gradient, lightgbm_text, linear, scalers, xgboost_json
from servegraph.kernels.reading.reading import Reading, Unreadable

Reader = Callable[[Any, str], Reading]

_READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        **{f"sklearn.{name}": reader for name, reader in scalers.READERS.items()},
        **{f"sklearn.{name}": reader for name, reader in encoders.READERS.items()},
        **{f"sklearn.{name}": linear.classifier for name in linear.CLASSIFIERS},
        **{f"sklearn.{name}": linear.regressor for name in linear.REGRESSORS},
        **{f"sklearn.{name}": forests.read for name in forests.NAMES},
        **{f"sklearn.{name}": reader for name, reader in gradient.READERS.items()},
        **{f"xgboost.{name}": reader for name, reader in xgboost_json.READERS.items()},
        **{f"lightgbm.{name}": reader for name, reader in lightgbm_text.READERS.items()},
    }
)


def kind_of(model: Any) -> str:
    """Library and class, such as `sklearn.StandardScaler`."""
    return f"{type(model).__module__.partition('.')[0]}.{type(model).__name__}"


def read(model: Any, method: str, *, sparse: bool) -> Reading:
    """The steps of a single model.

    Args:
        sparse: it gets sparse rows, and a linear one then adds in another order.
    Raises:
        Unreadable: there is no reader, or what the model does has no steps.
    """
    kind = kind_of(model)
    reader = _READERS.get(kind)
    if reader is None:
        raise Unreadable(f"there is no kernel for {kind}")
    if not callable(getattr(model, method, None)):
        raise Unreadable(f"{kind} has no {method}")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # some readers ask the model, without names or with unknown categories
        reading = reader(model, method)
    return linear.for_sparse(reading) if sparse else reading


__all__ = ["Reading", "Unreadable", "kind_of", "read"]
