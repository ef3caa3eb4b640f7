"""MLFLOW_SERVER: signatures are satisfied, and nothing runs that the project did not approve."""

import os
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

from servegraph.artifacts.compilation import compilation
from servegraph.artifacts.folder import digest
from servegraph.errors import ArtifactRefused, ConfigurationError, InvalidPayload
from servegraph.servers.mlflow_server import MLFlowServer

TREE = "sklearn.tree._tree.Tree"
TABLE = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 5.0, 2.0]})
CODE = """
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Sum(PythonModel):
    def predict(self, context, model_input, params=None):
        assert isinstance(model_input, pd.DataFrame)
        extra = model_input["extra"].fillna(100)
        return pd.DataFrame({"sum": model_input["a"] + model_input["n"] + extra, "text": model_input["text"] + "!"})


set_model(Sum())
"""


@pytest.fixture(scope="module")
def mlflow() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from servegraph.artifacts.client import import_mlflow

        found = import_mlflow()
        _ = found.pyfunc.PythonModel, found.sklearn.save_model  # imported only now, and they warn
        return found


@pytest.fixture(scope="module")
def models(mlflow: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of saved models."""
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types import ColSpec, Schema, TensorSpec

    root = tmp_path_factory.mktemp("models")
    code = root / "sum.py"
    code.write_text(CODE)
    columns = [
        ColSpec("double", "a"),
        ColSpec("long", "n"),
        ColSpec("string", "text"),
        ColSpec("long", "extra", required=False),
    ]
    array = Schema([TensorSpec(np.dtype("float32"), (-1, 2))])

    class Difference(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):  # MLflow reads annotations as a signature
            return (model_input["a"] - model_input["b"]).to_numpy()

    class Kind(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):  # MLflow reads annotations as a signature
            dtype = str(getattr(model_input, "dtype", ""))
            return f"{type(model_input).__name__} {dtype}".strip()

    save = {"pip_requirements": ["mlflow"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            root / "code", python_model=str(code), signature=ModelSignature(Schema(columns)), **save
        )
        mlflow.pyfunc.save_model(
            root / "pandas", python_model=Difference(), signature=infer_signature(TABLE, np.array([1.0])), **save
        )
        mlflow.pyfunc.save_model(root / "kind", python_model=Kind(), **save)
        mlflow.pyfunc.save_model(root / "tensor", python_model=Kind(), signature=ModelSignature(array), **save)
        mlflow.sklearn.save_model(
            RandomForestClassifier(5, random_state=0).fit(TABLE, ["x", "x", "y", "y"]),
            root / "forest",
            serialization_format="skops",
            skops_trusted_types=[TREE],
            pyfunc_predict_fn="predict_proba",
            signature=infer_signature(TABLE),
            **save,
        )
        mlflow.sklearn.save_model(
            LinearRegression().fit(TABLE.to_numpy(), TABLE["a"]), root / "plain", serialization_format="skops", **save
        )
    return root


def _server(folder: Path, project: str, **parameters: Any) -> MLFlowServer:
    server = MLFlowServer(model_uri=str(folder), project=project, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.load()
    return server


@pytest.mark.parametrize("xtype", ["ndarray", "DataFrame", "any"])
def test_pandas_only_model_gets_a_table_whatever_the_xtype(models: Path, project: Any, xtype: str) -> None:
    server = _server(models / "pandas", project(trusted=[models / "pandas"]), xtype=xtype)
    assert server.predict(np.array([[5, 3]]), []).tolist() == [2.0]
    assert server.predict(np.array([[5, 3]]), ["b", "a"]).tolist() == [-2.0]
    assert server.predict(np.array([[9, 5, 3]]), ["other", "a", "b"]).tolist() == [2.0]
    with pytest.raises(InvalidPayload, match="'b' are missing"):
        server.predict(np.array([[5]]), ["a"])


def test_model_from_code_answers_its_table_with_names(models: Path, project: Any) -> None:
    server = _server(models / "code", project(trusted=[models / "code"]))
    answer = server.predict(np.array([["1", "2", "t", "3"]]), [])
    assert answer.tolist() == [[6.0, "t!"]]
    assert server.class_names() == ["sum", "text"]


def test_missing_optional_column_is_a_missing_value(models: Path, project: Any) -> None:
    server = _server(models / "code", project(trusted=[models / "code"]))
    rows = np.array([[1.0, 2, "t"]], dtype=object)
    assert server.predict(rows, ["a", "n", "text"]).tolist() == [[103.0, "t!"]]
    assert server.predict({"a": 1, "n": 2, "text": "t"}, []).tolist() == [[103.0, "t!"]]


def test_loading_leaves_the_artifact_as_it_was(models: Path, project: Any) -> None:
    before = digest(models / "code")
    _server(models / "code", project(trusted=[models / "code"]))
    assert digest(models / "code") == before


@pytest.mark.parametrize(("name", "what"), [("code", "the model is sum.py"), ("pandas", "the pickle python_model.pkl")])
def test_code_that_nobody_approved_is_refused(models: Path, project: Any, name: str, what: str) -> None:
    with pytest.raises(ArtifactRefused, match=what) as raised:
        _server(models / name, project())
    assert raised.value.hint == f"if you trust whoever made it: servegraph trust {models / name}"


def test_pickled_trap_is_refused_and_not_run(models: Path, project: Any, tmp_path: Path) -> None:
    import cloudpickle

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "marker",)

    folder = tmp_path / "trap"
    folder.mkdir()
    (folder / "MLmodel").write_bytes((models / "pandas" / "MLmodel").read_bytes())
    (folder / "python_model.pkl").write_bytes(cloudpickle.dumps(Trap()))
    with pytest.raises(ArtifactRefused, match="nobody approved"):
        _server(folder, project(trusted=[models / "pandas"]))
    assert not (tmp_path / "marker").exists()


def test_forest_is_loaded_with_the_projects_types_alone(models: Path, project: Any) -> None:
    server = _server(models / "forest", project(types=[TREE]))
    assert server.predict(np.array([[3, 2]]), []).shape == (1, 2)
    assert server.class_names() == ["x", "y"]
    assert server.predict(np.array([[2, 3]]), ["b", "a"]).argmax() == 1
    with pytest.raises(ArtifactRefused, match=r"sklearn\.tree\._tree\.Tree, which is not trusted"):
        _server(models / "forest", project())


def test_skops_file_that_white_lists_itself_is_refused(models: Path, project: Any, tmp_path: Path) -> None:
    folder = tmp_path / "crafted"
    folder.mkdir()
    document = yaml.safe_load((models / "forest" / "MLmodel").read_text())
    document["flavors"]["sklearn"]["skops_trusted_types"] = ["posix.system", "functools.partial"]
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    skops.io.dump(partial(os.system, f"touch {tmp_path / 'marker'}"), folder / "model.skops")
    with pytest.raises(ArtifactRefused, match=r"posix\.system"):
        _server(folder, project(types=[TREE]))
    assert not (tmp_path / "marker").exists()


def test_code_paths_need_approval_even_beside_a_safe_file(models: Path, project: Any, tmp_path: Path) -> None:
    folder = tmp_path / "with_code"
    (folder / "code").mkdir(parents=True)
    document = yaml.safe_load((models / "plain" / "MLmodel").read_text())
    document["flavors"]["python_function"]["code"] = "code"
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    (folder / "model.skops").write_bytes((models / "plain" / "model.skops").read_bytes())
    with pytest.raises(ArtifactRefused, match="Python code that it brings along"):
        _server(folder, project())
    assert str(folder / "code") not in sys.path


def test_file_outside_of_an_approved_artifact_is_refused(models: Path, project: Any, tmp_path: Path) -> None:
    folder = tmp_path / "leading_out"
    folder.mkdir()
    document = yaml.safe_load((models / "pandas" / "MLmodel").read_text())
    document["flavors"]["python_function"]["python_model"] = "../python_model.pkl"
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    with pytest.raises(ArtifactRefused, match="not in the artifact"):
        _server(folder, project(trusted=[folder]))


@pytest.mark.parametrize(
    ("xtype", "names", "kind"),
    [
        ("ndarray", ["a", "b"], "ndarray int64"),
        ("DataFrame", [], "DataFrame"),
        ("any", [], "ndarray int64"),
        ("any", ["a", "b"], "DataFrame"),
    ],
)
def test_model_without_signature_gets_what_the_xtype_says(
    models: Path, project: Any, xtype: str, names: list[str], kind: str
) -> None:
    server = _server(models / "kind", project(trusted=[models / "kind"]), xtype=xtype)
    assert server.predict(np.array([[1, 2]]), names) == kind


def test_model_without_signature_gets_text_and_json_as_they_are(models: Path, project: Any) -> None:
    server = _server(models / "kind", project(trusted=[models / "kind"]))
    assert server.predict("hello", []) == "str"
    assert server.predict({"a": 1}, []) == "dict"


def test_tensor_is_widened_to_the_signature(models: Path, project: Any) -> None:
    server = _server(models / "tensor", project(trusted=[models / "tensor"]))
    assert server.predict(np.array([[1, 2]]), []) == "ndarray float32"
    with pytest.raises(InvalidPayload, match="takes float32 of n x 2, got 1 x 3"):
        server.predict(np.array([[1, 2, 3]]), [])


def test_unknown_xtype_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="xtype is 'dataframes'") as raised:
        MLFlowServer("folder", xtype="dataframes")
    assert raised.value.hint == "it is one of ndarray, DataFrame, any"


def test_metadata_is_that_of_the_signature(models: Path, project: Any) -> None:
    assert _server(models / "forest", project(types=[TREE])).init_metadata() == {
        "platform": "mlflow",
        "inputs": [{"messagetype": "tensor", "schema": {"names": ["a", "b"], "shape": [2]}}],
    }


def test_native_models_do_not_import_mlflow(models: Path, project: Any) -> None:
    import subprocess

    script = "import sys; from servegraph.servers.mlflow_server import MLFlowServer as S; s = S(sys.argv[1]); s.load()"
    check = "; print(s.predict(__import__('numpy').array([[1, 2]]), []).round(6).tolist(), 'mlflow' in sys.modules)"
    command = [sys.executable, "-c", script + check, str(models / "plain")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=project())
    assert done.stdout == "[1.0] False\n", done.stderr


def test_a_model_of_a_table_runs_as_a_kernel(models: Path, project: Any) -> None:
    original = skops.io.load(models / "forest" / "model.skops", trusted=[TREE])
    with compilation() as told:
        server = _server(models / "forest", project(types=[TREE]))
    assert told.engines == {"predict_proba": "onnxruntime"}
    rows = np.array([[0.5, 1.5], [2.5, 4.0]])
    assert (
        server.predict(rows, ["b", "a"]).tolist()
        == original.predict_proba(pd.DataFrame({"a": rows[:, 1], "b": rows[:, 0]})).tolist()
    )
    assert server.class_names() == ["x", "y"]


def test_a_model_of_arrays_runs_as_a_kernel(models: Path, project: Any) -> None:
    with compilation() as told:
        server = _server(models / "plain", project())
    assert told.engines == {"predict": "numpy"}
    assert server.predict(np.array([[7.5, 1.0]]), []).tolist() == pytest.approx([7.5])


def test_a_model_of_lightgbm_runs_as_a_kernel(mlflow: Any, tmp_path: Path, project: Any) -> None:
    import lightgbm
    from mlflow.models import infer_signature

    rows = np.random.default_rng(0).random((80, 2))
    table = pd.DataFrame(rows, columns=["a", "b"])
    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1, n_jobs=1).fit(table, rows[:, 0] > 0.5)
    folder = tmp_path / "lightgbm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = infer_signature(table)
        mlflow.lightgbm.save_model(model, folder, signature=signature, pip_requirements=["lightgbm"])
        with compilation() as told:
            server = _server(folder, project(trusted=[folder]))
        assert told.engines == {"predict": "onnxruntime"}
        np.testing.assert_allclose(server.predict(rows, []), model.predict(table), rtol=0, atol=1e-6)
        answer = server.predict(rows.astype(object), ["a", "b"])
    np.testing.assert_allclose(answer, model.predict(table), rtol=0, atol=1e-6)
