"""The commands that serve one node of a split graph: our component server, or Seldon's own.

Source:
    Environment of a node's container as Seldon's operator sets it, and the arguments of
    `seldon-core-microservice`, which takes a class from a module in the current folder.
"""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from servegraph.cli import describe
from servegraph.cli.assemble import LoadedNode
from servegraph.errors import EnvironmentFault
from servegraph.project import Project
from servegraph.spec import Parameter, PredictorSpec
from servegraph.supervisor import Command

SHIM = "servegraph_node"
_LOG_LEVEL = ("--log-level", "WARNING")
_SHIM_TEXT = '''"""The class of a node, for Seldon's component server."""

import os
from pathlib import Path

from servegraph.project import Project, load_class
from servegraph.supervisor.tether import die_with_parent

os.chdir({folder!r})
# The server's own processes would survive it if it was killed, and keep its ports.
os.register_at_fork(after_in_child=die_with_parent)
{name} = load_class(Project(Path({root!r})), {reference!r})
'''


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where a node's process answers, on this machine; the same as long as the graph runs."""

    host: str
    http_port: int
    grpc_port: int
    metrics_port: int

    def options(self) -> list[str]:
        """The ports as both component servers take them."""
        numbers = {"http": self.http_port, "grpc": self.grpc_port, "metrics": self.metrics_port}
        return [word for name, number in numbers.items() for word in (f"--{name}-port", str(number))]


def own_command(project: Project, node: LoadedNode, address: NodeAddress) -> Command:
    """`servegraph component` for a node."""
    module, name = _class_of(node)
    arguments = [sys.executable, "-m", "servegraph.cli", "component", f"{module}:{name}", "--host", address.host]
    return Command([*arguments, *address.options(), *_LOG_LEVEL], folder=project.root)


def seldon_command(project: Project, node: LoadedNode, address: NodeAddress, folder: Path) -> Command:
    """`seldon-core-microservice` for a node; `folder` is the node's own, and gets the module that it loads.

    Raises:
        EnvironmentFault: seldon-core is not installed.
        OSError: the folder cannot be written.
    """
    beside = Path(sys.executable).with_name("seldon-core-microservice")
    program = str(beside) if beside.exists() else shutil.which("seldon-core-microservice")
    if program is None:
        raise EnvironmentFault(
            "there is no seldon-core-microservice", hint="install it with: pip install 'servegraph[seldon]'"
        )
    module, name = _class_of(node)
    text = _SHIM_TEXT.format(folder=os.getcwd(), name=name, root=str(project.root), reference=f"{module}:{name}")
    (folder / f"{SHIM}.py").write_text(text, encoding="utf-8")
    return Command([program, f"{SHIM}.{name}", *address.options(), *_LOG_LEVEL], folder=folder)


def _class_of(node: LoadedNode) -> tuple[str, str]:
    assert node.reference is not None
    module, _, name = node.reference.replace(":", ".").rpartition(".")
    return module, name


def environment(deployment: str, predictor: PredictorSpec, node: LoadedNode, address: NodeAddress) -> dict[str, str]:
    """What a node's container would find in its environment: what the manifest says, and who it is."""
    name = node.unit.name
    container = predictor.container(name)
    parameters = [Parameter.of(key, value).as_json() for key, value in node.arguments.items()]
    version = predictor.annotations.get("version")
    overlay = describe.metadata_overlay(node, predictor)
    return {
        **(container.environment() if container else {}),
        **({describe.METADATA: overlay} if overlay else {}),
        "PREDICTIVE_UNIT_ID": name,
        "PREDICTIVE_UNIT_IMAGE": predictor.image(name),
        "PREDICTIVE_UNIT_PARAMETERS": json.dumps(parameters),
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(address.http_port),
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": str(address.grpc_port),
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(address.metrics_port),
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
        "PREDICTOR_ID": predictor.name,
        "PREDICTOR_LABELS": json.dumps({} if version is None else {"version": version}),
        "SELDON_DEPLOYMENT_ID": deployment,
        "SELDON_EXECUTOR_ENABLED": "true",
    }
