"""What `run` prints when it is ready."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from servegraph.artifacts import Artifact
from servegraph.cli.assemble import LoadedNode
from servegraph.cli.console import print_endpoints
from servegraph.serving.server import Addresses
from servegraph.spec import PredictiveUnit


@pytest.mark.parametrize(
    ("columns", "start"), [(30, "curl -s http://127.0.0.1:90/api/"), (3000, "http://127.0.0.1:90/api/v1.0/doc/  (")]
)
def test_line_to_paste_is_one_that_a_terminal_takes(tmp_path: Path, columns: int, start: str) -> None:
    (tmp_path / "MLmodel").write_text('saved_input_example_info: {artifact_path: "x.json", type: ndarray}\n')
    (tmp_path / "x.json").write_text(json.dumps([[0.5] * columns]))
    artifact = Artifact(str(tmp_path), "a", "local", None, tmp_path, "", None)
    out = Console(file=StringIO(), highlight=False)
    nodes = [LoadedNode(PredictiveUnit(name="n"), artifact=artifact)]
    print_endpoints(out, "g", Addresses("127.0.0.1", 90, 91), nodes, 0.1)
    last = out.file.getvalue().splitlines()[-1].strip()
    assert last.startswith(start)
    assert last.count("0.5") == (columns if columns < 100 else 0)
