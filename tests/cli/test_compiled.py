"""What is said of the models of a graph when it is loaded: whether they run as kernels, and if not, why."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from servegraph.cli import describe
from servegraph.cli.assemble import LoadedNode, load_nodes
from servegraph.cli.console import node_line
from servegraph.cli.context import open_registry
from servegraph.cli.puller import Puller
from servegraph.cli.roles import roles_of
from servegraph.cli.substitutes import Substitutes
from servegraph.errors import ArtifactRefused
from servegraph.project import Project
from servegraph.spec import PredictorSpec

ROWS = np.random.default_rng(3).normal(size=(50, 2))
DETECTOR = """
class Watch:
    window = 2
    feature_names = None
    def __init__(self, model_uri):
        self.model_uri = model_uri
    def load_detector(self):
        pass
    def detect(self, rows):
        return {}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a regression, and a detector whose reference is rows."""
    import skops.io
    from sklearn.linear_model import LinearRegression

    (tmp_path / "line").mkdir()
    skops.io.dump(LinearRegression().fit(ROWS, ROWS[:, 0]), tmp_path / "line" / "model.skops")
    (tmp_path / "reference" / "data").mkdir(parents=True)
    np.save(tmp_path / "reference" / "data" / "x_ref.npy", ROWS)
    (tmp_path / "reference" / "MLmodel").write_text("flavors: {python_function: {data: data}}\n")
    (tmp_path / "detectors").mkdir()
    (tmp_path / "detectors" / "watch.py").write_text(DETECTOR)
    (tmp_path / "pyproject.toml").write_text("[tool.servegraph]\n")
    return tmp_path


def unit(name: str, method: str = "predict", *children: Any) -> dict[str, Any]:
    parameters = [{"name": "method", "value": method, "type": "STRING"}]
    server = {"implementation": "SKLEARN_SERVER", "modelUri": f"./{name}", "parameters": parameters}
    return {"name": name, **server, "children": list(children)}


def nodes(root: Path, graph: Any, containers: Sequence[Any] = ()) -> list[LoadedNode]:
    specs = [{"spec": {"containers": list(containers)}}]
    predictor = PredictorSpec.model_validate({"name": "p", "graph": graph, "componentSpecs": specs})
    project, none = Project(root), Substitutes.of([], [])
    ((_, roles),) = roles_of(project, [predictor], none, is_own=False)
    puller = Puller(open_registry(project), project, (root,))
    return list(load_nodes(predictor, roles, puller, lambda name: None, protocol="seldon", in_process=True))


def test_a_kernel_is_told_in_the_nodes_line_and_in_the_status(root: Path) -> None:
    (line,) = nodes(root, unit("line"))
    first, second = node_line(line).splitlines()
    assert first.startswith("[green]●[/] line ")
    assert second.startswith("               [dim]predict: numpy, proved on ")
    status = describe.status(line)
    assert (status["kernel"], list(status["compiled"])) == ("numpy", ["predict"])


def test_kernels_of_local_folders_are_kept_in_the_project(root: Path) -> None:
    (root / ".servegraph").mkdir(exist_ok=True)
    nodes(root, unit("line"))
    (kept,) = (root / ".servegraph" / "kernels").iterdir()
    before = kept.stat().st_ino
    nodes(root, unit("line"))
    assert [each.stat().st_ino for each in (root / ".servegraph" / "kernels").iterdir()] == [before]


def test_the_reference_of_a_detector_takes_part_in_the_proofs_below_it(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (root / ".servegraph").mkdir(exist_ok=True)
    watch = {"name": "watch", "type": "TRANSFORMER", "modelUri": "./reference"}
    container = {"name": "watch", "image": "i:1", "env": [{"name": "MODEL_NAME", "value": "detectors.watch:Watch"}]}
    found = nodes(root, {**watch, "children": [unit("line")]}, [container])
    assert [len(node.compiled.rows) for node in found] == [0, 1]
    np.testing.assert_array_equal(found[1].compiled.rows[0], ROWS)
    (root / "reference" / "data" / "x_ref.npy").write_bytes(b"cut off")
    with caplog.at_level(logging.INFO):
        found = nodes(root, {**watch, "children": [unit("line")]}, [container])
    assert describe.kernel(found[1]) == "numpy"
    assert "holds no reference rows" in caplog.text
    assert len(list((root / ".servegraph" / "kernels").iterdir())) == 2


def test_a_required_kernel_that_cannot_be_names_the_node(root: Path) -> None:
    required = [{"name": "SERVEGRAPH_ACCELERATE", "value": "require"}]
    watch = {"name": "watch", "type": "TRANSFORMER", "modelUri": "./reference"}
    env = [{"name": "MODEL_NAME", "value": "detectors.watch:Watch"}, *required]
    with pytest.raises(ArtifactRefused) as refused:
        nodes(root, watch, [{"name": "watch", "image": "i:1", "env": env}])
    assert str(refused.value) == "node 'watch' requires acceleration, and loads no model that is compiled"
    (line,) = nodes(root, unit("line"), [{"name": "line", "image": "i:1", "env": required}])
    assert describe.kernel(line) == "numpy"


def test_a_model_without_a_kernel_says_why(root: Path) -> None:
    import skops.io
    from sklearn.neighbors import KNeighborsRegressor

    skops.io.dump(KNeighborsRegressor(1, algorithm="brute").fit(ROWS, ROWS[:, 0]), root / "line" / "model.skops")
    (line,) = nodes(root, unit("line"))
    assert describe.status(line)["compiled"] == {
        "predict": "not compiled: there is no kernel for sklearn.KNeighborsRegressor"
    }
    assert describe.kernel(line) is None
