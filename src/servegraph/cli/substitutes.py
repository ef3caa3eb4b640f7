"""What people say of nodes that cannot run here: `--stub NODE` and `--remote NODE=URL`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from servegraph.errors import ConfigurationError
from servegraph.spec import PredictorSpec, SeldonDeployment

_FORM = "write --remote NODE=http://host:port or --remote NODE=grpc://host:port"


@dataclass(frozen=True, slots=True)
class Substitutes:
    """Nodes by name, in any predictor, or as `predictor/node`.

    Attributes:
        stubs: nodes for which a stand-in answers.
        remotes: nodes that are called elsewhere, with their `endpoint`.
    """

    stubs: frozenset[str] = frozenset()
    remotes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, stubs: Sequence[str], remotes: Sequence[str]) -> "Substitutes":
        """The options as they were given.

        Raises:
            ConfigurationError: a remote node has no address, or a node is both.
        """
        found = cls(frozenset(stubs), dict(_remote(text) for text in remotes))
        both = sorted(found.stubs & found.remotes.keys())
        if both:
            raise ConfigurationError(f"node {both[0]!r} cannot be a stub and remote", hint="drop one of the two")
        return found

    def check(self, predictors: Sequence[PredictorSpec]) -> None:
        """Raise ConfigurationError for a name that no predictor has, or a built-in node that needs no stub."""
        known = {name: unit for each in predictors for unit in each.graph.walk() for name in _names(each, unit.name)}
        nodes = dict.fromkeys(unit.name for each in predictors for unit in each.graph.walk())
        for name in sorted(self.stubs | self.remotes.keys()):
            if name not in known:
                raise ConfigurationError(f"there is no node {name!r}", hint=f"the nodes are: {', '.join(nodes)}")
            if name in self.stubs and known[name].built_in:
                raise ConfigurationError(f"node {name!r} is built in and needs no stub", hint="drop the option")

    def is_stub(self, predictor: PredictorSpec, node: str) -> bool:
        return not self.stubs.isdisjoint(_names(predictor, node))

    def is_remote(self, predictor: PredictorSpec, node: str) -> bool:
        return not self.remotes.keys().isdisjoint(_names(predictor, node))

    def without_their_nodes(self, deployment: SeldonDeployment) -> SeldonDeployment:
        """The deployment as one that needs nothing for these nodes: what is wrong with them does not matter here."""
        if not self.stubs and not self.remotes:
            return deployment
        changed = deployment.model_copy(deep=True)
        for predictor in changed.spec.predictors:
            for unit in predictor.graph.walk():
                if self.is_stub(predictor, unit.name) or self.is_remote(predictor, unit.name):
                    unit.implementation, unit.endpoint = None, {"service_host": "localhost"}
        return changed

    def applied(self, predictor: PredictorSpec) -> PredictorSpec:
        """The predictor whose remote nodes have the addresses that were given."""
        if not self.remotes:
            return predictor
        changed = predictor.model_copy(deep=True)
        for unit in changed.graph.walk():
            for name in _names(predictor, unit.name):
                if name in self.remotes:
                    unit.endpoint = dict(self.remotes[name])
        return changed


def _names(predictor: PredictorSpec, node: str) -> tuple[str, str]:
    return node, f"{predictor.name}/{node}"


def _remote(text: str) -> tuple[str, dict[str, Any]]:
    node, separator, url = text.partition("=")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"--remote {text}: {error}", hint=_FORM) from error
    kinds = {"http": ("httpPort", "REST"), "grpc": ("grpcPort", "GRPC")}
    if not (node and separator and host and port and parts.scheme in kinds and parts.path in ("", "/")):
        raise ConfigurationError(f"--remote {text}: that is no node and an address", hint=_FORM)
    key, kind = kinds[parts.scheme]
    return node, {"service_host": host, "service_port": port, key: port, "type": kind}
