"""SG335, SG336: where models come from."""

import re
from collections.abc import Iterator

from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Subject

_REMOTE = re.compile(r"([A-Za-z0-9_][-A-Za-z0-9_.+@ ]*):")
_REGISTRIES = ("models", "runs", "mlflow-artifacts")


@rule("SG335", Level.WARNING, "A modelUri that Seldon's downloader does not know", cluster_only=True)
def model_uris(subject: Subject) -> Iterator[Found]:
    """Models are fetched by an init container, rclone, which knows `pvc://claim/path` and `remote:bucket/path` for
    remotes that a secret configures. It knows neither MLflow's `models:/` and `runs:/` nor a path on the machine
    where the manifest was written. servegraph understands them, so the graph runs here; in a cluster the pod stays in
    Init, unless a storageInitializerImage of your own, or one configured for the whole cluster, can fetch them."""
    for predictor in subject.predictors:
        strange = [node for node in predictor.nodes if _is_strange(node)]
        if strange:
            first = strange[0].unit
            more = f", and {len(strange) - 1} more like it" if len(strange) > 1 else ""
            message = f"node {first.name!r}: Seldon's own downloader cannot fetch {first.model_uri}{more}"
            help_ = "use remote:bucket/path or pvc://claim/path, or set storageInitializerImage"
            yield Found((*strange[0].place, "modelUri"), message, help_)


def _is_strange(node: Node) -> bool:
    uri, unit = node.unit.model_uri, node.unit
    if not uri or unit.built_in or unit.storage_initializer_image:
        return False
    remote = _REMOTE.match(uri)
    return remote is None or remote[1] in (*_REGISTRIES, "file")


@rule("SG336", Level.NOTE, "A remote without credentials", cluster_only=True)
def credentials(subject: Subject) -> Iterator[Found]:
    """The downloader knows one remote by itself, `gs` for public buckets of Google. Any other, `s3` too, is
    configured by variables RCLONE_CONFIG_<REMOTE>_<OPTION> from a secret, named in the node's envSecretRefName, or by
    the operator's default secret. Without it the pod stays in Init with "didn't find section in config file"."""
    bare = [node for _, node in subject.nodes if not node.unit.env_secret_ref_name and _needs_secret(node)]
    if bare:
        first, more = bare[0].unit, f", and {len(bare) - 1} more like it" if len(bare) > 1 else ""
        message = f"node {first.name!r} fetches {first.model_uri} without an envSecretRefName{more}"
        help_ = "name the secret with the remote's settings, unless the operator has a default one"
        yield Found((*bare[0].place, "modelUri"), message, help_)


def _needs_secret(node: Node) -> bool:
    unit = node.unit
    remote = _REMOTE.match(unit.model_uri or "")
    known = remote is None or remote[1] in ("gs", "pvc", "file", *_REGISTRIES)
    return not (known or unit.built_in or unit.storage_initializer_image or unit.service_account_name)


RULES = (model_uris, credentials)
