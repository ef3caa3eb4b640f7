"""The reference project's data, its scripted changes, and its components on what training registered."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from servegraph.artifacts import Registry, files
from servegraph.errors import ConfigurationError

ROOT = Path(__file__).parents[2]


def _load(path: str) -> ModuleType:
    name = f"project_under_test_{Path(path).stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / path)
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="module")
def screening() -> ModuleType:
    return _load("models/screening.py")


def _folder(store: Path, name: str) -> str:
    return str(Registry.embedded(store).resolve(f"models:/{name}@champion").path)


def test_halves_are_the_same_every_time_and_in_proportion(screening: ModuleType) -> None:
    learn, hold = screening.split(screening.rows())
    assert (learn.rows.shape, hold.rows.shape) == ((284, 30), (285, 30))
    assert (learn.labels.tolist().count(0), hold.labels.tolist().count(0)) == (106, 106)
    assert hold.rows.dtype == np.float64
    assert hold.class_names == ("malignant", "benign")
    assert hold.feature_names[:3] == ("mean radius", "mean texture", "mean perimeter")
    assert np.array_equal(screening.held_out().rows, hold.rows)


def test_training_tells_what_it_made_and_nothing_else(trained_store: Path) -> None:
    said = (trained_store / "training.out").read_text().splitlines()
    assert said[0] == "fitting on 284 rows of 30 features, 285 held out"
    assert [line.split()[0] for line in said[1:]] == [
        "screening-scaler",
        "screening-logistic",
        "screening-boosting",
        "screening-drift-reference",
    ]
    assert (trained_store / "training.err").read_text() == ""


def test_scaler_standardises_what_it_learnt(screening: ModuleType, trained_store: Path) -> None:
    scaler = _load("transformers/scaling.py").Scaler(_folder(trained_store, "screening-scaler"))
    scaler.load()
    learn, _ = screening.split(screening.rows())
    scaled = scaler.transform_input(learn.rows, [])
    assert scaled.dtype == np.float64
    assert scaled.mean(axis=0) == pytest.approx(np.zeros(30), abs=1e-9)
    assert scaled.std(axis=0) == pytest.approx(np.ones(30))
    reference = files(_folder(trained_store, "screening-drift-reference"))
    assert np.array_equal(np.load(reference / "x_ref.npy"), scaled)
    assert json.loads((reference / "features.json").read_text()) == scaler.class_names()
    assert scaler.class_names() == list(learn.feature_names)


@pytest.mark.parametrize("name", ["screening-logistic", "screening-boosting"])
def test_classifier_gives_probabilities_by_class(screening: ModuleType, trained_store: Path, name: str) -> None:
    hold = screening.held_out()
    scaler = _load("transformers/scaling.py").Scaler(_folder(trained_store, "screening-scaler"))
    model = _load("models/classifier.py").Classifier(_folder(trained_store, name))
    scaler.load()
    model.load()
    probabilities = model.predict(scaler.transform_input(hold.rows, []), [])
    assert probabilities.shape == (285, 2)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(285))
    assert model.class_names() == ["malignant", "benign"]
    assert 0.94 < np.mean(probabilities.argmax(axis=1) == hold.labels) < 1


def test_components_take_integers_and_lists(trained_store: Path) -> None:
    scaler = _load("transformers/scaling.py").Scaler(_folder(trained_store, "screening-scaler"))
    model = _load("models/classifier.py").Classifier(_folder(trained_store, "screening-logistic"))
    scaler.load()
    model.load()
    scaled = scaler.transform_input([[1] * 30], ["x"], meta={})
    assert scaled.dtype == np.float64
    assert model.predict(np.ones((1, 30), dtype=np.int64), []).shape == (1, 2)


def test_shifts_change_what_they_say_and_leave_the_rows_alone(screening: ModuleType) -> None:
    hold = screening.held_out()
    before = hold.rows.copy()
    shifted = {
        name: shift(hold.rows, hold.labels, np.random.default_rng(0)) for name, shift in screening.SHIFTS.items()
    }
    assert list(shifted) == ["none", "unit-error", "sensor-zero", "referral"]
    assert np.array_equal(hold.rows, before)
    assert np.array_equal(shifted["none"][0], before)
    changed = np.flatnonzero((shifted["unit-error"][0] != before).any(axis=0))
    assert {hold.feature_names[column] for column in changed} == {
        f"{kind} {length}" for kind in ("mean", "worst") for length in ("radius", "perimeter")
    } | {"radius error", "perimeter error"}
    assert shifted["unit-error"][0][:, 0] * 2.54 == pytest.approx(before[:, 0])
    assert 0.15 < np.mean(shifted["sensor-zero"][0][:, 0] == 0) < 0.25
    assert np.mean(before[:, 0] == 0) == 0
    assert 0.37 < np.mean(hold.labels == 0) < 0.38
    assert 0.55 < np.mean(shifted["referral"][1] == 0) < 0.65


def _table(path: Path, rows: list[str], header: str = "age,outcome,weight") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


GOOD = [f"{n},{'sick' if n % 2 else 'healthy'},{n / 2}" for n in range(40)]


def test_own_table_is_read(screening: ModuleType, tmp_path: Path) -> None:
    dataset = screening.rows(_table(tmp_path / "own.csv", GOOD), "outcome")
    assert dataset.feature_names == ("age", "weight")
    assert dataset.class_names == ("healthy", "sick")
    assert dataset.rows[3].tolist() == [3.0, 1.5]
    assert dataset.labels[:4].tolist() == [0, 1, 0, 1]
    assert screening.SHIFTS["unit-error"](dataset.rows, dataset.labels, None)[0][2, 0] == pytest.approx(2 / 2.54)


@pytest.mark.parametrize(
    ("rows", "header", "label", "message"),
    [
        (GOOD, "age,outcome,weight", "diagnosis", "has no column 'diagnosis'"),
        (GOOD, "age,outcome,age", "outcome", "two columns of one name"),
        ([*GOOD, "old,sick,1"], "age,outcome,weight", "outcome", "row 42: 'old' under 'age' is no number"),
        ([*GOOD, "1,sick,"], "age,outcome,weight", "outcome", "row 42: '' under 'weight' is no number"),
        ([*GOOD, "1,sick"], "age,outcome,weight", "outcome", "row 42: 2 cells under 3 headers"),
        ([*GOOD, "1,dead,2"], "age,outcome,weight", "outcome", "must hold two labels"),
        ([], "age,outcome,weight", "outcome", "found none"),
    ],
)
def test_unusable_table_is_a_configuration_error(
    screening: ModuleType, tmp_path: Path, rows: list[str], header: str, label: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        screening.rows(_table(tmp_path / "own.csv", rows, header), label)
    assert raised.value.hint


def test_missing_table_is_a_configuration_error(screening: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        screening.rows(tmp_path / "none.csv", "outcome")
