"""The one door to MLflow and to stores: an artifact's URI to a version, a digest, a local folder and a model.

Serving needs `Registry.resolve`, `load_model`, `read_signature` and `files`; none of them imports
MLflow when the registry is a local SQLite file. Training needs the two `publish_...`. Heavy
libraries are imported inside the functions that need them.
"""

from servegraph.artifacts.folder import Artifact
from servegraph.artifacts.loading import files, load_model
from servegraph.artifacts.publishing import publish_files, publish_sklearn
from servegraph.artifacts.registry import Registry
from servegraph.artifacts.secrets import read_env_file, read_secret
from servegraph.artifacts.signature import Field, Signature, read_signature
from servegraph.artifacts.stores import Progress

__all__ = [
    "Artifact",
    "Field",
    "Progress",
    "Registry",
    "Signature",
    "files",
    "load_model",
    "publish_files",
    "publish_sklearn",
    "read_env_file",
    "read_secret",
    "read_signature",
]
