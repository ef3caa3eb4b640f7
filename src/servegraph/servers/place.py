"""What a server finds around its model: the project's trust, and the metadata beside the model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from servegraph.artifacts.trust import Trust, read_trust
from servegraph.errors import ArtifactRefused, ConfigurationError
from servegraph.project import find_project

METADATA = "metadata.yaml"


def trust_of(project: str) -> Trust:
    """What the project that a folder belongs to lets artifacts do; without a project, nothing.

    Raises:
        ConfigurationError: its settings or its `trusted.toml` cannot be read.
    """
    found = find_project(Path(project), required=False)
    return read_trust(found.trust_file, found.trusted_types)


def metadata_of(folder: Path, otherwise: Mapping[str, Any]) -> dict[str, Any]:
    """The model's metadata: the `metadata.yaml` beside it, else what the server knows.

    Raises:
        ArtifactRefused: the file is no YAML mapping.
    """
    file = folder / METADATA
    if not file.is_file():
        return dict(otherwise)
    try:
        document = yaml.safe_load(file.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ArtifactRefused(f"{file} is no YAML", hint="correct or delete it") from error
    if not isinstance(document, dict):
        raise ArtifactRefused(f"{file} is no mapping", hint="it has name, versions, platform, inputs, outputs, custom")
    return document


def one_of(parameter: str, word: str, known: Sequence[str]) -> str:
    """The word, if a parameter may have it.

    Raises:
        ConfigurationError: it may not.
    """
    if word not in known:
        raise ConfigurationError(f"{parameter} is {word!r}", hint=f"it is one of {', '.join(known)}")
    return word
