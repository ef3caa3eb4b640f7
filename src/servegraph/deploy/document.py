"""Documents for Kubernetes as text: block style, no references, and no word that Go's YAML reads otherwise."""

import re
from typing import Any

import yaml

# What kubectl's YAML 1.1 reads as truth, nothing or a number, and PyYAML would leave without quotes.
_WORD = re.compile(r"(?i)y|n|[-+]?[0-9.]+e[-+]?[0-9]+|[-+]?0o[0-7]+")


class _Dumper(yaml.SafeDumper):
    """Writes a list indented below its key, as kubectl users do, and never an anchor."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _WORD.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(document: Any) -> str:
    """The text of a JSON-like value; the same value gives the same bytes, keys in their order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
