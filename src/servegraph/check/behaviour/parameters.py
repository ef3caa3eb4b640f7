"""SG328, SG329: a node's parameters, which become the constructor's arguments of its component."""

from collections.abc import Iterator
from difflib import get_close_matches

from servegraph.check.edit import Remove, Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Subject
from servegraph.spec.servers import SELDON, server_parameters
from servegraph.spec.unit import Parameter, ParameterType


@rule("SG328", Level.ERROR, "A parameter that is not of its type")
def parameter_values(subject: Subject) -> Iterator[Found]:
    """Parameters are text with the name of a type, and the component's wrapper turns the one into the other at its
    start: INT, FLOAT and DOUBLE by Python's own conversions, BOOL from true, false, yes, no, on, off, 1, 0 and their
    like. A text that does not fit, or another word for the type, ends the component before it serves: the pod never
    gets ready."""
    for _, node in subject.nodes:
        if node.unit.built_in or not _reads_types(subject, node):
            continue
        for index, parameter in enumerate(node.unit.parameters):
            place = (*node.place, "parameters", index)
            if not isinstance(parameter.type, ParameterType):
                near = get_close_matches(_synonym(parameter.type), list(ParameterType), 1)
                message = f"parameter {parameter.name!r} has the type {parameter.type!r}, which does not exist"
                edits = [Replace((*place, "type"), str(near[0]))] if near else []
                yield Found((*place, "type"), message, f"use one of {', '.join(ParameterType)}", edits=edits)
            elif not _fits(parameter):
                message = f"parameter {parameter.name!r} is {parameter.value!r}, which is no {parameter.type}"
                yield Found((*place, "value"), message, f"write a value of type {parameter.type}, or another type")


def _reads_types(subject: Subject, node: Node) -> bool:
    """Servers of other protocols do not look at the types; RANDOM_ABTEST neither."""
    return not node.unit.is_server or subject.protocol == SELDON


def _synonym(word: str) -> str:
    words = {"STR": "STRING", "TEXT": "STRING", "INTEGER": "INT", "LONG": "INT", "BOOLEAN": "BOOL", "NUMBER": "DOUBLE"}
    return words.get(word.upper(), word.upper())


def _fits(parameter: Parameter) -> bool:
    try:
        parameter.python_value()
    except ValueError:
        return False
    return True


@rule("SG329", Level.ERROR, "A parameter that a prepackaged server does not take")
def server_arguments(subject: Subject) -> Iterator[Found]:
    """With the seldon protocol the parameters of a prepackaged server are arguments of its class, and Python refuses
    one that the class does not have: the server ends at every start. SKLEARN_SERVER takes `method`, MLFLOW_SERVER
    `xtype`, XGBOOST_SERVER none; `model_uri` is passed by the operator. A container with an image of its own may take
    others."""
    for _, node in subject.nodes:
        known = server_parameters(node.unit.implementation or "", SELDON)
        own_image = node.container is not None and node.container.spec.image != ""
        if not node.unit.is_server or subject.protocol != SELDON or own_image or known is None:
            continue
        for index, parameter in enumerate(node.unit.parameters):
            if parameter.name not in known:
                yield _unknown(node, index, parameter.name, sorted(known))


def _unknown(node: Node, index: int, name: str, known: list[str]) -> Found:
    place = (*node.place, "parameters", index)
    near = get_close_matches(name.lower(), known, 1)
    taken = f"it takes {', '.join(known)}" if known else "it takes none"
    edit = Replace((*place, "name"), near[0]) if near else Remove(place)
    message = f"node {node.unit.name!r}: {node.unit.implementation} has no parameter {name!r}, and ends at its start"
    return Found((*place, "name"), message, f"remove it; {taken}", edits=[edit])


RULES = (parameter_values, server_arguments)
