"""Look a version up in MLflow's own SQLite tables, without importing MLflow (5 s).

Reads only. Whenever the tables are not as expected, the answer is None and MLflow is asked instead.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from servegraph.artifacts.reference import Pinned, Reference, RunPath, no_alias, no_name, no_run, no_version
from servegraph.errors import ArtifactNotFound, RegistryUnreachable

_SCHEME = "sqlite:///"

# MLflow keeps a deleted version's row, under this stage.
_VERSIONS = """
    select version, storage_location from model_versions
    where workspace = 'default' and name = ? and coalesce(current_stage, '') != 'Deleted_Internal'
"""
_ALIASES = "select alias, version from registered_model_aliases where workspace = 'default' and name = ?"
_NAMES = "select name from registered_models where workspace = 'default'"

_RUN = "select artifact_uri from runs where run_uuid = ? and lifecycle_stage = 'active'"
_LOGGED = """
    select artifact_location from logged_models
    where source_run_id = ? and name = ? and lifecycle_stage = 'active' order by creation_timestamp_ms desc
"""


def database(tracking_uri: str) -> Path | None:
    """The SQLite file of a tracking URI; None if the registry is something else."""
    if not tracking_uri.startswith(_SCHEME):
        return None
    return Path(tracking_uri.removeprefix(_SCHEME).partition("?")[0])


def find(path: Path, wanted: Reference) -> Pinned | None:
    """The version that is asked for; None if these tables cannot tell.

    Raises:
        ArtifactNotFound: there is no database, or no such name, alias or version in it.
        RegistryUnreachable: the file is no database.
    """
    return _asked(path, lambda database: _find(database, wanted))


def find_run(path: Path, wanted: RunPath) -> str | None:
    """Where the files are that a run left at a path; None if these tables cannot tell.

    Raises:
        ArtifactNotFound: there is no database, or no such run in it.
        RegistryUnreachable: the file is no database.
    """
    return _asked(path, lambda database: _find_run(database, wanted))


def _asked[T](path: Path, ask: Callable[[sqlite3.Connection], T | None]) -> T | None:
    if not path.is_file():
        raise ArtifactNotFound(f"there is no registry yet at {path}", hint="run `servegraph train`")
    with _open(path) as database:
        try:
            return ask(database)
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError as error:
            raise RegistryUnreachable(f"{path}: {error}", hint="delete it and run `servegraph train`") from error


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        yield database


def _find(database: sqlite3.Connection, wanted: Reference) -> Pinned | None:
    names = [name for (name,) in database.execute(_NAMES)]
    if wanted.name not in names:
        raise no_name(wanted.name, names)
    version = wanted.version or _aliased(database, wanted.name, str(wanted.alias))
    locations = {str(number): location for number, location in database.execute(_VERSIONS, (wanted.name,))}
    if version not in locations:
        raise no_version(wanted.name, version, list(locations))
    location = locations[version]
    return Pinned(wanted.name, version, location) if location else None


def _aliased(database: sqlite3.Connection, name: str, alias: str) -> str:
    aliases = {found: str(version) for found, version in database.execute(_ALIASES, (name,))}
    if alias not in aliases:
        raise no_alias(name, alias, list(aliases))
    return aliases[alias]


def _find_run(database: sqlite3.Connection, wanted: RunPath) -> str | None:
    runs = database.execute(_RUN, (wanted.run_id,)).fetchall()
    if not runs:
        raise no_run(wanted.run_id)
    (root,) = runs[0]
    logged = database.execute(_LOGGED, (wanted.run_id, wanted.first)).fetchone()
    return wanted.below(str(root) if root else None, logged[0] if logged else None)
