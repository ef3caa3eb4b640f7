"""The artifacts of nodes: each `modelUri` made a folder on this machine, with the secrets that it needs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from servegraph.artifacts import Artifact, Registry, read_secret
from servegraph.artifacts.reference import local_path
from servegraph.cli.registered import look_up
from servegraph.errors import EnvironmentFault, ServeGraphError
from servegraph.project import Project
from servegraph.spec import PredictiveUnit


@dataclass(frozen=True, slots=True)
class Puller:
    """Resolves what nodes ask for.

    Attributes:
        folders: where a relative path may begin: the manifest's folder, then the one that we are in.
    """

    registry: Registry
    project: Project
    folders: Sequence[Path] = ()

    def artifact(self, unit: PredictiveUnit) -> Artifact | None:
        """The node's artifact, if it names one; raises like `Registry.resolve`, with the node's name."""
        if not unit.model_uri:
            return None
        try:
            return self.registry.resolve(self._located(unit.model_uri), secrets=self._secrets(unit))
        except EnvironmentFault as error:
            raise type(error)(f"node {unit.name!r}: {error}", hint=error.hint) from error

    def at_hand(self, unit: PredictiveUnit) -> Artifact | None:
        """The same for a node that can do without: only if nothing is to be downloaded, and nothing fails."""
        if not unit.model_uri or not self._is_at_hand(unit.model_uri):
            return None
        try:
            return self.artifact(unit)
        except ServeGraphError:
            return None

    def _is_at_hand(self, uri: str) -> bool:
        """Whether an artifact's files are on this machine: a path, or a version that the local registry has as one."""
        if uri.startswith("models:"):
            found = look_up(self.registry, uri)
            return found is not None and found.is_local
        return local_path(uri) is not None

    def _located(self, uri: str) -> str:
        path = Path(uri)
        if ":" in uri or path.is_absolute():
            return uri
        return next((str(folder / path) for folder in self.folders if (folder / path).exists()), uri)

    def _secrets(self, unit: PredictiveUnit) -> dict[str, str]:
        name = unit.env_secret_ref_name
        return {**os.environ, **(read_secret(self.project.root, name) if name else {})}
