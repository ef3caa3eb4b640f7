"""SeldonDeployments in YAML or JSON files.

Dumping is deterministic: the order of the document, block style, no references, no wrapping.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from servegraph.errors import ConfigurationError, InvalidGraph, Problem
from servegraph.spec.deployment import SeldonDeployment
from servegraph.spec.source import read_documents


def load(path: Path) -> SeldonDeployment:
    """The one SeldonDeployment in a file; objects of other kinds beside it do not matter.

    Raises:
        ConfigurationError: no such file, no YAML, none or several of them.
        InvalidGraph: fields are missing or of a wrong type.
    """
    found = load_all(path)
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigurationError(f"{path} holds no SeldonDeployment", hint="its `kind` must be SeldonDeployment")
    names = ", ".join(each.name for each in found)
    raise ConfigurationError(f"{path} holds {len(found)} SeldonDeployments: {names}", hint="put each in its own file")


def load_all(path: Path) -> list[SeldonDeployment]:
    """All SeldonDeployments in a file; raises like `load`."""
    return [parse(document.value, str(path)) for document in read_documents(path) if document.is_deployment]


def parse(document: Any, source: str) -> SeldonDeployment:
    """The SeldonDeployment of a parsed document; `source` names it in errors."""
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind != "SeldonDeployment":
        raise ConfigurationError(f"{source} holds no SeldonDeployment", hint="its `kind` must be SeldonDeployment")
    try:
        return SeldonDeployment.read(document)
    except ValidationError as error:
        raise InvalidGraph(source, [_problem(item) for item in error.errors()]) from error


def _problem(item: Any) -> Problem:
    where = ".".join(str(part) for part in item["loc"])
    return Problem(where, item["msg"], "see the SeldonDeployment reference for this field")


def dump(deployment: SeldonDeployment) -> str:
    """YAML text of a SeldonDeployment."""
    document = deployment.as_json()
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes a list indented below its key, as kubectl users do, and never an anchor."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


# Go's YAML, which kubectl uses, reads these as numbers and truth values; text that looks like them needs quotes.
for _kind, _pattern, _first in (
    ("float", r"[-+]?[0-9.]+[eE][-+]?[0-9]+$", "-+.0123456789"),
    ("int", r"[-+]?0o[0-7]+$", "-+0"),
    ("bool", r"[yYnN]$", "yYnN"),
):
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), list(_first))
