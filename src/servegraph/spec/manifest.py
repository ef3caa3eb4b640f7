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


def load(path: Path) -> SeldonDeployment:
    """The SeldonDeployment in a file.

    Raises:
        ConfigurationError: no such file, no YAML, or another kind of object.
        InvalidGraph: fields are missing or of a wrong type.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}", hint="check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is no YAML: {_what(error)}", hint="correct the file") from error
    return parse(document, str(path))


def _what(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} (line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1})"
    return " ".join(str(error).split())


def parse(document: Any, source: str) -> SeldonDeployment:
    """The SeldonDeployment of a parsed document; `source` names it in errors."""
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind != "SeldonDeployment":
        raise ConfigurationError(f"{source} holds no SeldonDeployment", hint="its `kind` must be SeldonDeployment")
    try:
        return SeldonDeployment.model_validate(document)
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
