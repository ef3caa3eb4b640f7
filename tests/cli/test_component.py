"""The command line of `servegraph component`: wrong calls, and what it reads from the environment."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from tests.e2e.running import BIN
from tests.ports import free_port

from servegraph.cli.component_options import arguments_of, origin_of, pod_limits, whole_seconds
from servegraph.errors import ServeGraphError


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code and everything it printed."""
    done = subprocess.run(
        [str(BIN / "servegraph"), "component", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Broken.py").write_text("import no_such_library\n")
    (tmp_path / "Other.py").write_text("class Another: pass\n")
    (tmp_path / "Takes.py").write_text("class Takes:\n    def __init__(self, threshold): pass\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Missing argument 'REF'"),
        (("Comp", "REST"), 255, "unexpected extra argument (REST)"),
        (("Comp", "--foo"), 255, "--foo"),
        (("Comp", "--service-type", "OUTPUT_TRANSFORMER"), 2, "'OUTPUT_TRANSFORMER' is not one of"),
        (("Comp", "--http-port", "0"), 2, "0 is not in the range"),
        (("Comp", "--parameters", "{"), 1, "the component's parameters cannot be read"),
        (("Comp", "--parameters", '[{"name": "a", "value": "x", "type": "INT"}]'), 1, "invalid literal for int()"),
        (("Comp", "--http-port", "6000"), 2, "ports must differ"),
        (("Missing",), 2, "there is no Missing.py"),
        (("deep.Missing",), 2, "there is no deep.py"),
        (("deep.file:Missing",), 2, "there is no deep/file.py"),
        (("Broken",), 2, "ModuleNotFoundError: No module named 'no_such_library'"),
        (("Other",), 2, "it has: Another"),
        (("Other.Comp",), 2, "it has: Another"),
        (("Other:Comp",), 2, "it has: Another"),
        (("Takes",), 2, "missing a required argument: 'threshold'"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(folder: Path, arguments: tuple[str, ...], code: int, words: str):
    ports = ()
    if len(arguments) == 1:
        ports = ("--http-port", str(free_port()), "--grpc-port", str(free_port()), "--metrics-port", str(free_port()))
    got, output = run(folder, *arguments, *ports)

    assert got == code, output
    assert words in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PREDICTOR_LABELS", "x", "PREDICTOR_LABELS is 'x'"),
        ("SELDON_LOG_LEVEL", "loud", "SELDON_LOG_LEVEL is 'LOUD'"),
        ("PREDICTIVE_UNIT_PARAMETERS", "x", "the component's parameters cannot be read"),
    ],
)
def test_a_wrong_environment_ends_with_1(folder: Path, name: str, value: str, words: str):
    code, output = run(folder, "Other", **{name: value})

    assert code == 1
    assert words in output


def test_the_model_s_name_may_come_from_the_environment(folder: Path):
    code, output = run(folder, MODEL_NAME="Missing", PREDICTIVE_UNIT_HTTP_SERVICE_PORT=str(free_port()))

    assert code in (2, 3)
    assert "there is no Missing.py" in output or "in use" in output


@pytest.mark.parametrize("option", ["--http-port", "--grpc-port", "--metrics-port"])
def test_a_port_in_use_is_told_before_anything_is_loaded(folder: Path, option: str):
    ports = {name: str(free_port()) for name in ("--http-port", "--grpc-port", "--metrics-port")}
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        ports[option] = str(taken.getsockname()[1])
        code, output = run(folder, "Broken", *(word for pair in ports.items() for word in pair))

    assert code == 3
    assert f"cannot listen on 0.0.0.0:{ports[option]}" in output
    assert f"choose another with {option}" in output


def test_parameters_have_the_types_that_they_say():
    text = """[{"name": "a", "value": "1", "type": "INT"}, {"name": "b", "value": "1", "type": "FLOAT"},
        {"name": "c", "value": "0.5", "type": "DOUBLE"}, {"name": "d", "value": "x", "type": "STRING"},
        {"name": "e", "value": "off", "type": "BOOL"}]"""

    assert arguments_of(text) == {"a": 1, "b": 1.0, "c": 0.5, "d": "x", "e": False}


@pytest.mark.parametrize("text", ["1", "[1]", '[{"name": "a", "value": 1, "type": "INT"}]', '[{"name": "a"}]'])
def test_malformed_parameters_are_an_error(text: str):
    with pytest.raises(ServeGraphError):
        arguments_of(text)


@pytest.mark.parametrize(
    ("image", "split"),
    [
        ("reg:5000/img:1.2", ("reg:5000/img", "1.2")),
        ("img", ("", "img")),
        (None, ("NOT_IMPLEMENTED", "NOT_IMPLEMENTED")),
    ],
)
def test_the_image_is_split_at_its_last_colon(image: str | None, split: tuple[str, str]):
    origin = origin_of({} if image is None else {"PREDICTIVE_UNIT_IMAGE": image}, "1")

    assert (origin.model_image, origin.model_version) == split
    assert (origin.model_name, origin.predictor_version) == ("NOT_IMPLEMENTED", "NOT_IMPLEMENTED")


def test_annotations_are_read_line_by_line(tmp_path: Path):
    path = tmp_path / "annotations"
    path.write_text('a="b=c"\nseldon.io/rest-timeout="2500"\nseldon.io/grpc-max-message-size="99"\n')
    limits, problems = pod_limits(path)

    assert (limits.rest_timeout_s, limits.grpc_max_message_size, problems) == (2.5, 99, [])
    assert pod_limits(tmp_path / "none")[0].rest_timeout_s is None
    assert [whole_seconds(seconds) for seconds in (None, 0.2, 2.5)] == [None, 1.0, 2.0]
