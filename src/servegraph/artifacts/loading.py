"""Load an artifact's folder, running none of what it holds.

Models are read from skops files only, and only types on the *caller's* list are made: the list
inside the artifact was written by whoever wrote the artifact. Pickles are refused. No MLflow here.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from servegraph.artifacts.mlmodel import flavour, inside
from servegraph.errors import ArtifactRefused


def load_model(path: str | Path, trusted: Sequence[str] = ()) -> Any:
    """The scikit-learn model in an artifact's folder; its methods run as kernels where that was proved to be the same.

    Args:
        path: the local folder that holds the MLmodel.
        trusted: full names of types to accept beyond those that skops accepts of itself.
    Raises:
        ArtifactNotFound: there is no MLmodel.
        ArtifactRefused: no scikit-learn model, not in skops format, or with types not in `trusted`; or kernels are
            required, and there is none.
    """
    from servegraph.artifacts.acceleration import accelerated  # with NumPy, which commands' help does without

    folder = Path(path)
    entry = flavour(folder, "sklearn")
    if entry is None:
        raise ArtifactRefused(f"{folder} holds no scikit-learn model", hint="log it with mlflow.sklearn.log_model")
    stored_as = entry.get("serialization_format")
    if stored_as != "skops":
        raise ArtifactRefused(
            f"{folder} holds a model as {stored_as}, and loading that runs whatever code is in it",
            hint='log it again with serialization_format="skops"',
        )
    file = inside(folder, entry.get("pickled_model"))
    hint = "if these types are what the model needs, add them to the component's TRUSTED"
    return accelerated(folder, sorted(trusted), lambda: load_skops(file, trusted, lambda _: hint))


def files(path: str | Path) -> Path:
    """The folder of plain files in an artifact that `publish_files` made.

    Raises:
        ArtifactNotFound: there is no MLmodel.
        ArtifactRefused: the artifact holds no such folder.
    """
    folder = Path(path)
    entry = flavour(folder, "python_function") or {}
    if "data" not in entry:
        raise ArtifactRefused(f"{folder} holds no plain files", hint="register it with `publish_files`")
    return inside(folder, entry["data"])


def load_skops(
    file: Path,
    trusted: Collection[str],
    hint: Callable[[list[str]], str],
    covers_all: Callable[[], bool] = lambda: False,
) -> Any:
    """The object in a skops file.

    Args:
        trusted: full names of types to accept beyond those that skops accepts of itself.
        hint: what to do about the types that are not.
        covers_all: asked only then: whether whatever the file holds is accepted all the same.
    Raises:
        ArtifactRefused: it wants other types, or cannot be read.
    """
    import skops.io

    try:
        unknown = sorted(set(skops.io.get_untrusted_types(file=file)) - set(trusted))
        if not unknown or covers_all():
            return skops.io.load(file, trusted=[*trusted, *unknown])
    except Exception as error:  # a crafted or damaged file may fail anywhere in skops
        raise ArtifactRefused(
            f"{file} is no readable skops file: {type(error).__name__}: {error}",
            hint="register a new version",
        ) from error
    raise ArtifactRefused(f"{file} wants to make {', '.join(unknown)}, which is not trusted", hint=hint(unknown))
