"""SG372, SG374: variables of containers."""

import re
from collections.abc import Iterator

from servegraph.check.edit import Remove
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Subject
from servegraph.spec.pod import EnvVar
from servegraph.spec.source import Place


@rule("SG372", Level.WARNING, "A secret in plain text", cluster_only=True)
def secrets(subject: Subject) -> Iterator[Found]:
    """Whoever may read the SeldonDeployment, or the repository it lies in, reads the value; the operator copies it
    into the Deployment, and into a variable of the orchestrator that holds the whole predictor. A variable can take
    its value from a Secret, and the downloader's come from the one in envSecretRefName."""
    for place, variables in _environments(subject):
        for index, variable in enumerate(variables):
            if variable.value and _is_secret(variable.name, variable.value):
                message = f"variable {variable.name} holds a secret in plain text"
                help_ = "use valueFrom.secretKeyRef"
                yield Found((*place, "env", index, "value"), message, help_)


def _environments(subject: Subject) -> Iterator[tuple[Place, list[EnvVar]]]:
    for container in subject.containers:
        yield container.place, container.spec.env
    for predictor in subject.predictors:
        yield (*predictor.place, "svcOrchSpec"), predictor.spec.svc_orch_spec.env


_SECRET_NAME = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS|KEY_PASS)$"
)
_SECRET_VALUE = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|glpat-[\w-]{20,}|xox[abp]-[\w-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@$]+@"
)
_NO_SECRET = re.compile(r"/|\$\(|<|(true|false|\d{1,4})$", re.IGNORECASE)  # a path, a reference, a switch


def _is_secret(name: str, value: str) -> bool:
    if _SECRET_VALUE.search(value):
        return True
    said = name.upper().replace("-", "_").replace(".", "_")
    named = _SECRET_NAME.search(said) or said.endswith(("SECRET_ACCESS_KEY", "ACCESS_KEY_ID", "ACCOUNT_KEY"))
    return bool(named) and not _NO_SECRET.match(value)


_OPERATORS_PORTS = (
    "PREDICTIVE_UNIT_HTTP_SERVICE_PORT",
    "MLSERVER_HTTP_PORT",
    "PREDICTIVE_UNIT_GRPC_SERVICE_PORT",
    "MLSERVER_GRPC_PORT",
)


@rule("SG374", Level.ERROR, "A variable that takes the operator's away", cluster_only=True)
def operator_variables(subject: Subject) -> Iterator[Found]:
    """The operator gives a node's container its ports, its parameters, the place of its model and its name in
    variables. If the container already has one of PREDICTIVE_UNIT_HTTP_SERVICE_PORT,
    PREDICTIVE_UNIT_GRPC_SERVICE_PORT, their MLSERVER_ twins, PREDICTIVE_UNIT_PARAMETERS or MLSERVER_MODEL_URI, a
    mistake in its code empties the list, and all variables that were collected until then are lost, the user's own
    among them."""
    for _, node in subject.nodes:
        for index, variable in enumerate(node.container.spec.env if node.container else []):
            if node.container and variable.name in _taken(node):
                place = (*node.container.place, "env", index)
                message = f"variable {variable.name} makes node {node.unit.name!r} lose its other variables"
                yield Found((*place, "name"), message, _instead(variable.name), edits=[Remove(place)])


def _taken(node: Node) -> Iterator[str]:
    yield from _OPERATORS_PORTS
    if node.unit.parameters:
        yield "PREDICTIVE_UNIT_PARAMETERS"
    if node.unit.model_uri:
        yield "MLSERVER_MODEL_URI"


def _instead(variable: str) -> str:
    if variable.endswith("_PORT"):
        return "remove it; declare a port with the name http or grpc instead"
    return "remove it; the operator sets it from the node's parameters and modelUri"


RULES = (secrets, operator_variables)
