"""What goes wrong at the command line: one sentence, its fix, the exit code; no traceback, nothing left behind."""

import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from tests.e2e.conftest import copy_project
from tests.e2e.running import BIN, children, command, serving, wait_until
from tests.ports import free_port

NODES = """
import time
from pathlib import Path


class Echo:
    def predict(self, X, names):
        return X


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def predict(self, X, names):
        return X * self.factor


class Unloadable:
    def load(self):
        raise OSError("the weights are gone")

    def predict(self, X, names):
        return X


class Picky:
    def __init__(self, factor):
        raise ValueError("factor must be even")


class Empty:
    pass


class Watch:
    window = 10

    def load_detector(self):
        pass

    def detect(self, rows):
        return {"is_drift": False}


class Slow:
    def __init__(self, started):
        self.started = started

    def load(self):
        Path(self.started).touch()
        while Path(self.started).exists():
            time.sleep(0.05)

    def predict(self, X, names):
        return X
"""
GRAPH = """
from servegraph.graph import ab_test, deployment, model, transformer

g = deployment("g", {graph}, image="g:1")
"""
ECHO = 'model("m", "nodes:Echo")'


def project_of(target: Path, graph: str = ECHO) -> Path:
    """A project of the nodes above; `graph` is an expression, or a whole file if it has lines."""
    (target / "graphs").mkdir(parents=True)
    (target / "pyproject.toml").write_text('[tool.servegraph]\ngraph = "graphs/g.py"\n')
    (target / "nodes.py").write_text(NODES)
    (target / "graphs" / "g.py").write_text(graph if "\n" in graph else GRAPH.format(graph=graph))
    return target


def files_of(project: Path) -> set[str]:
    found = {path.relative_to(project) for path in project.rglob("*") if path.is_file()}
    return {str(path) for path in found if not {".servegraph", "__pycache__"} & set(path.parts)}


def free_ports() -> list[str]:
    return ["--http-port", str(free_port()), "--grpc-port", str(free_port())]


@contextmanager
def launched(project: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`servegraph run` that nobody waits for, in a process group of its own; killed at the end if it still runs."""
    with subprocess.Popen(
        [str(BIN / "servegraph"), "run", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def check_failure(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The text of a failure in the form that all have: an error, then its fix."""
    lines = done.stderr.splitlines()
    assert done.returncode == code, done
    assert lines[0].startswith("error: ")
    assert [line.partition(":")[0] for line in lines].count("error") == 1
    assert sum(line.startswith("hint: ") for line in lines) == 1 or "cannot be served:" in lines[0]
    assert "Traceback" not in done.stderr + done.stdout
    assert "\x1b" not in done.stderr + done.stdout
    return done.stderr


BROKEN = {
    "syntax": (
        "from servegraph.graph import model\nmodel(\n",
        "error: '{project}/graphs/g.py' cannot be imported: SyntaxError: '(' was never closed (g.py, line 2)\n"
        "hint: correct the file\n",
    ),
    "no such file": (
        'model("m", "nowhere:Echo")',
        "error: node 'm': 'nowhere:Echo': there is no nowhere.py in {project}\n"
        "hint: write references as folder.file:Class, relative to the project\n",
    ),
    "no such class": (
        'model("m", "nodes:Ecco")',
        "error: node 'm': 'nodes:Ecco': no class Ecco in {project}/nodes.py\n"
        "hint: it has: Echo, Scaled, Unloadable, Picky, Empty, Watch, Slow\n",
    ),
    "no reference": (
        'model("m", "nodes")',
        "error: 'g' cannot be served:\n  node 'm': 'nodes' names no component (write it as folder.file:Class)\n",
    ),
    "unknown parameter": (
        'model("m", "nodes:Scaled", factr=2.0)',
        "error: node 'm': Scaled: missing a required argument: 'factor'\n"
        "hint: Scaled takes (factor); give exactly those as the node's parameters\n",
    ),
    "parameter of no type": (
        'model("m", "nodes:Scaled", factor=[2.0])',
        "error: 'm' cannot be served:\n"
        "  node 'm': parameter 'factor': list is none of bool, int, float, str (write it as text)\n",
    ),
    "no branches": (
        'ab_test("ab")',
        "error: '{project}/graphs/g.py' cannot be imported: "
        "TypeError: ab_test() missing 2 required positional arguments: 'a' and 'b'\n"
        "hint: correct the file\n",
    ),
    "one name twice": (
        f"{ECHO} >> {ECHO}",
        "error: 'g' cannot be served:\n"
        "  SG310: node 'm' stands a second time in predictor 'default' "
        "(give each node a name, and a container, of its own)\n"
        "  SG311: container 'm' stands a second time in predictor 'default' "
        "(give each container a name of its own; two versions are two predictors, or nodes of a router)\n",
    ),
    "ratio": (
        'ab_test("ab", model("a", "nodes:Echo"), model("b", "nodes:Echo"), ratio_a=80)',
        "error: 'g' cannot be served:\n  SG325: node 'ab' has the ratio '80.0' (use a number from 0 to 1)\n",
    ),
    "no method": (
        'model("m", "nodes:Empty")',
        "error: node 'm': Empty has no predict\nhint: define it, or give the node another type\n",
    ),
    "two deployments": (
        GRAPH.format(graph=ECHO) + 'h = deployment("h", model("m", "nodes:Echo"), image="g:1")\n',
        "error: {project}/graphs/g.py defines 2 deployments\nhint: a graph file holds exactly one `deployment(...)`\n",
    ),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_broken_graph_is_told_with_its_fix(tmp_path: Path, mistake: str) -> None:
    graph, told = BROKEN[mistake]
    project = project_of(tmp_path / "project", graph)
    done = command(project, "run", *free_ports())

    assert check_failure(done, 2) == told.format(project=project)
    assert files_of(project) == {"pyproject.toml", "nodes.py", "graphs/g.py"}


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        ('model("m", "nodes:Unloadable")', "error: node 'm': load() raised OSError: the weights are gone\n"),
        (
            'model("m", "nodes:Picky", factor=1)',
            "error: node 'm': Picky(...) raised ValueError: factor must be even\n",
        ),
    ],
)
def test_component_that_raises_is_told_with_its_fix(tmp_path: Path, graph: str, told: str) -> None:
    done = command(project_of(tmp_path / "project", graph), "run", *free_ports())

    assert check_failure(done, 2).startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: [SeldonDeployment\nspec: }\n", r"error: broken.yaml is no YAML: [^\n]*line 2[^\n]*\nhint: "),
        ("kind: Deployment\n", r"error: broken.yaml holds no SeldonDeployment\nhint: its `kind` must be "),
        (
            "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nmetadata: {name: g}\n"
            "spec: {predictors: [{name: p, graph: {}}]}\n",
            r"error: 'broken.yaml' cannot be served:\n  line 4, SG101: `name` is required \(add it, of type string\)\n",
        ),
        (
            "kind: SeldonDeployment\nmetadata: {name: g}\n"
            "spec: {predictors: [{name: p, graph: {name: ab, implementation: RANDOM_ABTEST}}]}\n",
            r"error: 'g' cannot be served:\n  SG323: node 'ab' draws between two branches and has 0 "
            r"\(give it exactly two; for more, nest another one or use a router of your own\)\n",
        ),
        (
            "kind: SeldonDeployment\nmetadata: {name: g}\n"
            "spec: {predictors: [{name: p, graph: {name: m, type: MODEL}}]}\n",
            r"error: 'g' cannot be served:\n  SG210: node 'm' has no container of its name "
            r"\(add a container of that name to componentSpecs, or an implementation to the node\)\n",
        ),
    ],
)
def test_broken_manifest_is_told_with_its_fix(tmp_path: Path, text: str, told: str) -> None:
    project = project_of(tmp_path / "project")
    (project / "broken.yaml").write_text(text)

    assert re.match(told, check_failure(command(project, "run", "broken.yaml", *free_ports()), 2))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["graphs/none.py"], "error: there is no graph file graphs/none.py\nhint: name a file such as "),
        (["none.yaml"], "error: cannot read none.yaml: No such file or directory\nhint: check the path\n"),
        (["--project", ".."], "error: no servegraph project at or above /"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = command(project_of(tmp_path / "project"), "run", *free_ports(), *arguments)

    assert check_failure(done, 2).startswith(told)


@pytest.mark.parametrize("option", ["--http-port", "--grpc-port"])
def test_port_in_use_is_told_before_anything_is_loaded(tmp_path: Path, option: str) -> None:
    ports = {"--http-port": free_port(), "--grpc-port": free_port()}
    project = project_of(tmp_path / "project")
    with socket.create_server(("127.0.0.1", ports[option])):
        done = command(project, "run", *(str(word) for pair in ports.items() for word in pair))

    address = f"127.0.0.1:{ports[option]}"
    assert check_failure(done, 3) == (
        f"error: cannot listen on {address}: Address already in use\n"
        f"hint: stop what uses it (ss -ltnp 'sport = :{ports[option]}' shows it), or choose another with {option}\n"
    )
    assert done.stdout == ""
    assert files_of(project) == {"pyproject.toml", "nodes.py", "graphs/g.py"}


def test_one_port_for_both_fronts_is_a_wrong_call(tmp_path: Path) -> None:
    port = str(free_port())
    with launched(project_of(tmp_path / "project"), "--http-port", port, "--grpc-port", port) as process:
        _, err = process.communicate(timeout=10)

    assert process.returncode == 2
    assert err == f"error: HTTP and gRPC cannot both have port {port}\nhint: choose another with --grpc-port\n"


def test_address_of_another_machine_is_not_a_port_in_use(tmp_path: Path) -> None:
    done = command(project_of(tmp_path / "project"), "run", *free_ports(), "--host", "192.0.2.1")

    told = check_failure(done, 3)
    assert "Cannot assign requested address" in told
    assert "--host" in told
    assert "stop what uses it" not in told


def test_second_server_on_the_same_ports_leaves_the_first_alone(tmp_path: Path) -> None:
    project = project_of(tmp_path / "project")
    with serving(project, tmp_path) as first:
        done = command(project, "run", "--http-port", str(first.http_port), "--grpc-port", str(first.grpc_port))

        check_failure(done, 3)
        assert first.predict([[1.0]])["data"]["ndarray"] == [[1.0]]
        assert command(project, "status").returncode == 0


def test_of_two_servers_that_load_for_one_port_the_first_to_be_ready_has_it(tmp_path: Path) -> None:
    port, started = str(free_port()), tmp_path / "started"
    project = project_of(tmp_path / "project", f'model("m", "nodes:Slow", started="{started}")')
    (project / "graphs" / "echo.py").write_text(GRAPH.format(graph=ECHO))
    with launched(project, "--http-port", port, "--grpc-port", str(free_port())) as slow:
        wait_until(started.exists, 20, "nothing is loaded")
        with launched(project, "graphs/echo.py", "--http-port", port, "--grpc-port", str(free_port())) as quick:
            wait_until((project / ".servegraph" / "run.json").exists, 20, "the second server is not ready")
            started.unlink()
            _, err = slow.communicate(timeout=10)

            assert quick.poll() is None
            assert command(project, "status").returncode == 0
    assert slow.returncode == 3
    assert err.startswith(f"error: cannot listen on 127.0.0.1:{port}: Address already in use\nhint: stop what uses it")


def test_status_of_nothing_says_how_to_start_it(tmp_path: Path) -> None:
    done = command(project_of(tmp_path / "project"), "status", "--url", f"http://127.0.0.1:{free_port()}")

    assert check_failure(done, 3).startswith("error: no servegraph at http://127.0.0.1:")


def test_empty_registry_says_how_to_fill_it(tmp_path: Path) -> None:
    graph = 'model("m", "nodes:Scaled", artifact="models:/m@champion")'
    project = project_of(tmp_path / "project", graph)

    assert check_failure(command(project, "run", *free_ports()), 3) == (
        f"error: node 'm': there is no registry yet at {project}/.servegraph/mlflow.db\nhint: run `servegraph train`\n"
    )
    assert files_of(project) == {"pyproject.toml", "nodes.py", "graphs/g.py"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "scaler@champion",
            "scaler@nobody",
            "error: node 'scale': artifact 'screening-scaler' has no alias 'nobody'\nhint: its aliases: champion\n",
        ),
        (
            "scaler@champion",
            "scaler/7",
            "error: node 'scale': artifact 'screening-scaler' has no version 7\nhint: its versions: 1\n",
        ),
        (
            "screening-scaler",
            "scalar",
            "error: node 'scale': the registry has no artifact named 'scalar'\nhint: registered: screening-boosting, "
            "screening-drift-reference, screening-logistic, screening-scaler\n",
        ),
    ],
)
def test_missing_artifact_names_those_that_are_there(
    tmp_path: Path, trained_store: Path, before: str, after: str, told: str
) -> None:
    project = copy_project(tmp_path / "project", trained_store)
    graph = project / "graphs" / "screening.py"
    graph.write_text(graph.read_text().replace(before, after))

    assert check_failure(command(project, "run", *free_ports()), 3) == told


def test_artifact_that_changed_since_it_was_locked_is_refused(tmp_path: Path, trained_store: Path) -> None:
    project = copy_project(tmp_path / "project", trained_store)
    before = files_of(project)
    with (own_scaler(project, tmp_path / "scaler") / "model.skops").open("ab") as file:
        file.write(b"\0")

    told = check_failure(command(project, "run", *free_ports()), 3)
    assert re.fullmatch(
        r"error: node 'scale': screening-scaler/1 changed since it was locked: "
        r"it was [0-9a-f]{12}, it is [0-9a-f]{12}\n"
        rf"hint: register a new version, or, if you trust the change, delete its line in {project}\S+models.lock\n",
        told,
    )
    assert files_of(project) == before


def own_scaler(project: Path, target: Path) -> Path:
    """A copy of the scaler's files to which the project's registry points from now on."""
    of_scaler = "name = 'screening-scaler'"
    with closing(sqlite3.connect(project / ".servegraph" / "mlflow.db")) as database, database:
        ((location,),) = database.execute(f"select storage_location from model_versions where {of_scaler}")
        shutil.copytree(location.removeprefix("file://"), target)
        database.execute(f"update model_versions set storage_location = ? where {of_scaler}", [target.as_uri()])
    return target


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A project whose server has a child: the monitor."""
    return project_of(tmp_path / "project", f'transformer("watch", "nodes:Watch") >> {ECHO}')


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_while_serving_ends_well_and_leaves_no_process(watched: Path, number: signal.Signals) -> None:
    announced = watched / ".servegraph" / "run.json"
    with launched(watched, *free_ports()) as process:
        wait_until(announced.exists, 20, "the server is not ready")
        wait_until(lambda: children(process.pid) != [], 20, "there is no monitor")
        pids = [process.pid, *children(process.pid)]
        os.killpg(process.pid, number)  # a terminal's Ctrl-C reaches all processes of the group
        out, err = process.communicate(timeout=10)

    assert process.returncode == 0
    assert out.splitlines()[-1] == "stopped"
    assert err == ""
    assert alive(pids) == []
    assert not announced.exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_signal_while_loading_ends_at_once(tmp_path: Path, number: signal.Signals, code: int) -> None:
    started = tmp_path / "started"
    project = project_of(tmp_path / "project", f'model("m", "nodes:Slow", started="{started}")')
    with launched(project, *free_ports()) as process:
        wait_until(started.exists, 20, "nothing is loaded")
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=20)  # it would load for ever

    assert process.returncode == code
    assert "Traceback" not in out + err
    assert files_of(project) == {"pyproject.toml", "nodes.py", "graphs/g.py"}


def test_no_color_is_honoured_on_a_terminal(tmp_path: Path) -> None:
    project = project_of(tmp_path / "project", 'model("m", "nodes:Empty")')

    coloured = on_a_terminal(project, {"TERM": "xterm-256color"})
    plain = on_a_terminal(project, {"TERM": "xterm-256color", "NO_COLOR": "1"})

    assert "\x1b[31m" in coloured
    assert "error: node 'm': Empty has no predict" in plain
    assert not re.search(r"\x1b\[[0-9;]*m", plain)


def on_a_terminal(project: Path, environment: dict[str, str]) -> str:
    """What `servegraph run` writes to a terminal."""
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [str(BIN / "servegraph"), "run", *free_ports()],
        cwd=project,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment,
    )
    os.close(theirs)
    written = b""
    with open(ours, "rb", buffering=0) as terminal, suppress(OSError):  # EIO: the other end is closed
        while chunk := terminal.read(4096):
            written += chunk
    assert started.wait(timeout=20) == 2
    return written.decode()


def alive(pids: list[int]) -> list[str]:
    found = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(map(str, pids))], capture_output=True, text=True)
    return found.stdout.split()
