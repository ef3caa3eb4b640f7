"""Kernels in files: found by key and versions, started without the libraries that the models came from."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.kernels.examples import codes, compiled, measurements

from servegraph.kernels import Kept, Kernel, Refusal, compile, load, save, storing, versions


@pytest.fixture(scope="module")
def forest() -> Kernel:
    rows, labels = measurements()
    model = make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0))
    return compiled(model.fit(rows, np.array(["no", "yes"], object)[labels]), "predict", rows)


def loaded_from(folder: Path, key: str) -> Kernel:
    """The only kernel that is kept there."""
    kept = load(folder, key)
    assert kept is not None
    (loaded,) = kept.outcomes.values()
    assert isinstance(loaded, Kernel)
    return loaded


def test_kernel_comes_back_as_it_was(forest: Kernel, tmp_path: Path) -> None:
    save(Kept({"m": forest}), tmp_path, "sha256:1 predict")

    loaded = loaded_from(tmp_path, "sha256:1 predict")

    assert loaded.describe() == forest.describe()
    assert (loaded.proof, loaded.cost, loaded.made_of) == (forest.proof, forest.cost, forest.made_of)
    np.testing.assert_array_equal(loaded(measurements()[0]), forest(measurements()[0]))
    assert len(list(tmp_path.iterdir())) == 1


def test_branches_come_back(tmp_path: Path) -> None:
    rows, labels = codes()
    columns = ColumnTransformer([("n", StandardScaler(), [0, 1]), ("c", OneHotEncoder(), [4])], remainder="passthrough")
    kernel = compiled(
        make_pipeline(columns, LogisticRegression(solver="liblinear")).fit(rows, labels), "predict_proba", rows
    )
    save(Kept({"m": kernel}), tmp_path, "key")

    loaded = loaded_from(tmp_path, "key")

    np.testing.assert_array_equal(loaded(rows), kernel(rows))


def test_methods_of_a_model_share_what_is_large(tmp_path: Path) -> None:
    rows, labels = measurements()
    model = RandomForestClassifier(10, random_state=0).fit(rows, labels)
    kernels = {method: compiled(model, method, rows) for method in ("predict_proba", "predict")}
    save(Kept(kernels), tmp_path, "key")

    kept = load(tmp_path, "key")

    assert kept is not None
    loaded = kept.outcomes
    first, second = (kernel.steps[2] for kernel in loaded.values() if isinstance(kernel, Kernel))
    assert first is second
    np.testing.assert_array_equal(loaded["predict"](rows), model.predict(rows))  # type: ignore[operator]
    with np.load(next(tmp_path.iterdir())) as file:
        assert len(file.files) < 10


def test_refusal_comes_back(tmp_path: Path) -> None:
    rows = codes()[0][:, 4:]
    refusal = compile(OneHotEncoder().fit(rows), "transform", rows=[rows])

    save(Kept({"m": refusal}), tmp_path, "key")

    assert load(tmp_path, "key") == Kept({"m": Refusal("it answers a sparse matrix", refusal.made_of)})


def test_facts_come_back(forest: Kernel, tmp_path: Path) -> None:
    numbers, texts = np.array([1, 3], np.int16), np.array(["no", "yes"], object)
    save(Kept({"m": forest}, {"a": numbers, "b": texts, "c": 7, "d": ("x", "y"), "e": None}), tmp_path, "key")

    kept = load(tmp_path, "key")

    assert kept is not None
    facts: dict[str, Any] = dict(kept.facts)
    assert (facts["a"].dtype, facts["a"].tolist()) == (np.dtype(np.int16), [1, 3])
    assert (facts["b"].dtype, facts["b"].tolist()) == (np.dtype(object), ["no", "yes"])
    assert (facts["c"], facts["d"], facts["e"]) == (7, ("x", "y"), None)


def test_other_key_finds_nothing(forest: Kernel, tmp_path: Path) -> None:
    save(Kept({"m": forest}), tmp_path, "key")

    assert load(tmp_path, "other") is None
    assert load(tmp_path / "nowhere", "key") is None


def test_other_version_of_a_library_finds_nothing(
    forest: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(Kept({"m": forest}), tmp_path, "key")
    monkeypatch.setattr(versions, "version", lambda name: "99.0")

    assert load(tmp_path, "key") is None


@pytest.mark.parametrize("at", [0.1, 0.5, 0.99])
def test_damaged_file_is_no_kernel(forest: Kernel, tmp_path: Path, at: float) -> None:
    save(Kept({"m": forest}), tmp_path, "key")
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()

    file.write_bytes(content[: int(len(content) * at)])

    assert load(tmp_path, "key") is None


def test_kernel_that_answers_otherwise_on_this_machine_is_not_used(
    forest: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(Kept({"m": forest}), tmp_path, "key")
    monkeypatch.setattr(Kernel, "__call__", lambda self, rows: np.array(["maybe"] * len(rows), object))

    assert load(tmp_path, "key") is None


def test_what_was_asked_for_longest_ago_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(key: str) -> None:
        save(Kept({"m": Refusal("no", versions.versions(()))}, {"f": np.zeros(10_000)}), tmp_path, key)

    for key in "abcd":
        write(key)
        for path in tmp_path.iterdir():
            os.utime(path, (path.stat().st_atime - 100, path.stat().st_mtime - 100))
    (tmp_path / "killed.part").write_bytes(bytes(80_000))
    os.utime(tmp_path / "killed.part", (0, 0))
    assert load(tmp_path, "a") is not None
    monkeypatch.setattr(storing, "_MOST_BYTES", 300_000)
    write("e")
    assert [key for key in "abcde" if load(tmp_path, key)] == ["a", "d", "e"]
    assert len(list(tmp_path.iterdir())) == 3

    monkeypatch.setattr(storing, "_MOST_BYTES", 1)
    write("f")
    assert [key for key in "abcdef" if load(tmp_path, key)] == ["f"]


def test_warm_start_imports_neither_scikit_learn_nor_onnx(forest: Kernel, tmp_path: Path) -> None:
    save(Kept({"m": forest}), tmp_path, "key")
    script = f"""
import sys
from pathlib import Path
import numpy as np
from servegraph.kernels import load
kernel = load(Path({str(tmp_path)!r}), "key").outcomes["m"]
print(kernel(np.zeros((1, 30))).tolist())
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{
    "sklearn", "scipy", "onnx", "skl2onnx", "pandas", "xgboost", "lightgbm", "skops", "mlflow"}}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.splitlines() == [str(forest(np.zeros((1, 30))).tolist()), "[]"]


def test_threads_share_a_kernel(forest: Kernel) -> None:
    rows = measurements()[0]
    parts = [rows[start : start + size] for size in (1, 7, 64) for start in range(0, 448, size)]
    want = [forest(part).tolist() for part in parts]

    with ThreadPoolExecutor(8) as pool:
        got = [answer.tolist() for answer in pool.map(forest, parts)]

    assert got == want
