"""The screening project's data and training: which rows there are, which are learnt from, what is registered.

Serving never imports this file; `servegraph train` and `servegraph traffic` do.
"""

import csv as csv_files
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servegraph.artifacts import Artifact, Registry, publish_files, publish_sklearn
from servegraph.errors import ConfigurationError

ALIAS = "champion"
EXAMPLE_ROWS = 3
FEWEST = 20
"""Rows a class must have: half of them are learnt from, the other half are played as traffic."""

LENGTHS = (0, 2, 10, 12, 20, 22)
"""Columns that hold a length: radius and perimeter, each as mean, error and worst. On a user's own
table the columns at these places stand in for them."""

Rows = NDArray[np.float64]
Labels = NDArray[np.int64]
Shift = Callable[[Rows, Labels, np.random.Generator], tuple[Rows, Labels]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Raw measurements of shape (n, features), and for each row the number of its class (n,)."""

    rows: Rows
    labels: Labels
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """What was registered, and how it does on rows that it was not fitted on (empty: not a model)."""

    artifact: Artifact
    metrics: Mapping[str, float]


def rows(csv: Path | None = None, label: str | None = None) -> Dataset:
    """scikit-learn's breast-cancer data (569 biopsies, 30 measurements), or a table of one's own.

    Args:
        csv: a header row, numbers in all columns but the label's, two different labels.
        label: the header of the label's column; `label` if not given.
    Raises:
        ConfigurationError: the table cannot be used; the message says where and why.
    """
    return _bundled() if csv is None else _own(csv, label or "label")


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """The half to learn from, and the half held out; the same halves every time, classes in proportion."""
    from sklearn.model_selection import train_test_split

    halves = train_test_split(np.arange(len(dataset.rows)), test_size=0.5, stratify=dataset.labels, random_state=0)
    learn, hold = (
        Dataset(dataset.rows[half], dataset.labels[half], dataset.feature_names, dataset.class_names) for half in halves
    )
    return learn, hold


def held_out(csv: Path | None = None, label: str | None = None) -> Dataset:
    """The rows that no model has seen: the request stream."""
    return split(rows(csv, label))[1]


def train(registry: Registry, csv: Path | None, label: str | None, say: Callable[[str], None]) -> list[Trained]:
    """Fit on one half of the rows, measure on the other, register everything that the graph pulls.

    Raises:
        ConfigurationError: the user's table cannot be used.
        RegistryUnreachable: the results cannot be registered.
    """
    from sklearn.preprocessing import StandardScaler

    learn, hold = split(rows(csv, label))
    say(f"fitting on {len(learn.rows)} rows of {len(learn.feature_names)} features, {len(hold.rows)} held out")
    scaler = StandardScaler().fit(learn.rows)
    trained = []
    for each in _registered(registry, scaler, learn, hold):
        say(_line(each))
        trained.append(each)
    return trained


def _registered(registry: Registry, scaler: Any, learn: Dataset, hold: Dataset) -> Iterator[Trained]:
    names, scaled = learn.feature_names, scaler.transform(learn.rows)
    yield Trained(_publish(registry, "screening-scaler", scaler, learn.rows, names, names, {}), {})
    for name, model in _models().items():
        model.fit(scaled, learn.labels)
        metrics = _metrics(hold.labels, model.predict_proba(scaler.transform(hold.rows))[:, 1])
        yield Trained(_publish(registry, name, model, scaled, names, learn.class_names, metrics), metrics)
    yield Trained(_publish_reference(registry, scaled, names), {})


def _none(rows: Rows, labels: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    return rows, labels


def _unit_error(rows: Rows, labels: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    shifted = rows.copy()
    shifted[:, [column for column in LENGTHS if column < rows.shape[1]]] /= 2.54
    return shifted, labels


def _sensor_zero(rows: Rows, labels: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    shifted = rows.copy()
    shifted[rng.random(len(rows)) < 0.2, LENGTHS[0]] = 0.0
    return shifted, labels


def _referral(rows: Rows, labels: Labels, rng: np.random.Generator) -> tuple[Rows, Labels]:
    share = np.where(labels == 0, 0.6 / max(1, np.sum(labels == 0)), 0.4 / max(1, np.sum(labels != 0)))
    drawn = rng.choice(len(rows), size=len(rows), p=share / share.sum())
    return rows[drawn], labels[drawn]


SHIFTS: Mapping[str, Shift] = {
    "none": _none,
    "unit-error": _unit_error,
    "sensor-zero": _sensor_zero,
    "referral": _referral,
}
"""Changes of the stream with a meaning. Each takes raw rows (n, features), labels (n,) and a generator,
leaves them as they are, and returns the changed ones; `referral` wants many rows at a time.

* `none`: nothing changes.
* `unit-error`: a device is set to inches, so radius and perimeter come 2.54 times too small.
* `sensor-zero`: a loose contact; one reading in five of the mean radius is 0.
* `referral`: another hospital sends its patients; malignant cases (class 0) go from 37 % to 60 %.
"""


def _models() -> dict[str, Any]:
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    # Gradient boosting answers one row in 0.2 ms; its histogram twin, made for big tables, takes 0.7.
    boosting = GradientBoostingClassifier(subsample=0.5, max_features="sqrt", max_depth=2, random_state=0)
    return {"screening-logistic": LogisticRegression(), "screening-boosting": boosting}


def _metrics(labels: Labels, probabilities: Rows) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    accuracy = float(np.mean((probabilities > 0.5) == labels))
    return {"accuracy": accuracy, "roc_auc": float(roc_auc_score(labels, probabilities))}


def _publish(
    registry: Registry,
    name: str,
    model: Any,
    rows: Rows,
    features: tuple[str, ...],
    outputs: tuple[str, ...],
    metrics: Mapping[str, float],
) -> Artifact:
    trusted = ["sklearn.tree._tree.Tree"] if hasattr(model, "estimators_") else []
    return publish_sklearn(
        registry, name, model, _example(rows, features), ALIAS, metrics, trusted=trusted, outputs=outputs
    )


def _publish_reference(registry: Registry, scaled: Rows, features: tuple[str, ...]) -> Artifact:
    """The rows that live traffic is compared with: what the models were fitted on, as they see it."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "reference"
        folder.mkdir()
        np.save(folder / "x_ref.npy", scaled, allow_pickle=False)
        (folder / "features.json").write_text(json.dumps(features), encoding="utf-8")
        return publish_files(registry, "screening-drift-reference", folder, _example(scaled, features), ALIAS)


def _example(rows: Rows, features: tuple[str, ...]) -> Any:
    from pandas import DataFrame

    return DataFrame(rows[:EXAMPLE_ROWS], columns=list(features))


def _line(trained: Trained) -> str:
    artifact = trained.artifact
    metrics = "  ".join(f"{name} {value:.3f}" for name, value in trained.metrics.items())
    return f"{artifact.name}  version {artifact.version}  {artifact.digest[:12]}  {metrics}".rstrip()


def _bundled() -> Dataset:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return Dataset(
        data.data.astype(np.float64),
        data.target.astype(np.int64),
        tuple(map(str, data.feature_names)),
        tuple(map(str, data.target_names)),
    )


def _own(csv: Path, label: str) -> Dataset:
    try:
        with csv.open(encoding="utf-8-sig", newline="") as file:
            table = [line for line in csv_files.reader(file) if line]
    except (OSError, UnicodeDecodeError, csv_files.Error) as error:
        raise ConfigurationError(f"{csv} cannot be read: {error}", hint="name a CSV file in UTF-8") from error
    header = table[0] if table else []
    if label not in header:
        raise ConfigurationError(
            f"{csv} has no column {label!r}",
            hint=f"name the label's column with --label; it has {', '.join(header)}",
        )
    if len(set(header)) < len(header):
        raise ConfigurationError(f"{csv} has two columns of one name", hint="give each column a name of its own")
    place = header.index(label)
    features = tuple(name for name in header if name != label)
    measured = [_numbers(csv, number, header, place, line) for number, line in enumerate(table[1:], start=2)]
    given = [line[place].strip() for line in table[1:]]
    classes = _two_classes(csv, label, given)
    return Dataset(
        np.array(measured, dtype=np.float64),
        np.array([classes.index(g) for g in given], dtype=np.int64),
        features,
        classes,
    )


def _numbers(csv: Path, number: int, header: list[str], place: int, line: list[str]) -> list[float]:
    if len(line) != len(header):
        raise ConfigurationError(
            f"{csv}, row {number}: {len(line)} cells under {len(header)} headers", hint="complete the row"
        )
    numbers = []
    for name, cell in zip(header[:place] + header[place + 1 :], line[:place] + line[place + 1 :], strict=True):
        try:
            value = float(cell)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise ConfigurationError(
                f"{csv}, row {number}: {cell!r} under {name!r} is no number",
                hint="fill or remove such rows; columns of words are not supported",
            )
        numbers.append(value)
    return numbers


def _two_classes(csv: Path, label: str, given: list[str]) -> tuple[str, ...]:
    counts = {name: given.count(name) for name in sorted(set(given))}
    if len(counts) != 2 or min(counts.values()) < FEWEST:
        found = ", ".join(f"{name!r} {count}x" for name, count in list(counts.items())[:5]) or "none"
        raise ConfigurationError(
            f"{csv}: column {label!r} must hold two labels, each at least {FEWEST} times; found {found}",
            hint="choose another column with --label, or add rows",
        )
    return tuple(counts)
