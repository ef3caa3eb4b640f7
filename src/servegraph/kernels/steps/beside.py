"""Several ways side by side: ColumnTransformer and FeatureUnion."""

from dataclasses import dataclass

import numpy as np

from servegraph.kernels.steps.step import Array, Step, run


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """Steps for some of the columns."""

    columns: Array
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The columns that each branch answers, one after the other."""

    branches: tuple[Branch, ...]

    def __call__(self, rows: Array, /) -> Array:
        return np.concatenate(
            [run(branch.steps, rows.take(branch.columns, axis=1)) for branch in self.branches], axis=1
        )
