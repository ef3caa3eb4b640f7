"""What a cluster keeps in secrets, on this machine: `secrets/<name>.env` below the project's root."""

from pathlib import Path

from servegraph.errors import ConfigurationError

_QUOTES = ("'", '"')


def read_secret(root: Path, name: str) -> dict[str, str]:
    """The variables of the secret that a node's `envSecretRefName` names; none if there is no such file.

    Raises:
        ConfigurationError: the name is a path, or the file is not lines of KEY=value.
    """
    if not name or Path(name).name != name:
        raise ConfigurationError(f"{name!r} is no name of a secret", hint="write the name alone")
    path = root / "secrets" / f"{name}.env"
    return read_env_file(path) if path.is_file() else {}


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a file of KEY=value lines, as `kubectl create secret --from-env-file` takes it.

    Beyond that, quotes around a whole value are taken off, as is `export` before a key.

    Raises:
        ConfigurationError: the file cannot be read, or a line is nothing of the kind.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as text", hint="write lines of KEY=value") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ").lstrip()
        if not text or text.startswith("#"):
            continue
        key, separator, value = text.partition("=")
        if not separator or not key.strip().replace("_", "").replace("-", "").replace(".", "").isalnum():
            raise ConfigurationError(f"{path}:{number} is no KEY=value", hint="correct the line; # starts a comment")
        found[key.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] in _QUOTES and value[-1] == value[0]
    return value[1:-1] if quoted else value
