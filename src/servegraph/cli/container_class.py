"""Which class a container runs: as the project maps its image, as its variables say, or as its command does.

Source:
    Containers of components written for Seldon: `MODEL_NAME` names the class to the image's own
    command, `seldon-core-microservice CLASS ...` does it openly, perhaps in a shell.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from servegraph.project import Project
from servegraph.spec import Container, split_image

_SHELLS = ("sh", "bash", "ash", "dash")
_PROGRAM = "seldon-core-microservice"
_VARIABLE = re.compile(r"\$(?:\((\w+)\)|\{(\w+)\}|(\w+))")


def class_of(container: Container, project: Project) -> str | None:
    """The reference of the container's class, e.g. `models.fraud:Fraud`; None where nothing says it.

    The project's map wins, since who wrote it knew what the manifest says.
    """
    name, _ = split_image(container.image)
    mapped = project.components.get(container.image) or project.components.get(name)
    return mapped or container.environment().get("MODEL_NAME") or _of_command(container)


def _of_command(container: Container) -> str | None:
    words = _words([*container.command, *container.args], container.environment())
    for place, word in enumerate(words):
        program = PurePosixPath(word).name
        if program == _PROGRAM:
            return _first_argument(words[place + 1 :])
        if program == "servegraph" and words[place + 1 : place + 2] == ["component"]:
            return _first_argument(words[place + 2 :])
    return None


def _words(words: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """The words of a command, with those of a script that a shell is given, and variables in place."""
    split = []
    for number, word in enumerate(words):
        is_script = "-c" in words[:number] and PurePosixPath(words[0]).name in _SHELLS
        split += _script(word) if is_script else [word]
    return [_VARIABLE.sub(lambda found: variables.get(found[1] or found[2] or found[3], ""), word) for word in split]


def _script(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:  # unbalanced quotes: no shell would run it
        return []


def _first_argument(words: Sequence[str]) -> str | None:
    """The first word that is neither an option nor an option's value."""
    is_value = False
    for word in words:
        if not is_value and word and not word.startswith("-"):
            return word
        is_value = word.startswith("-") and "=" not in word
    return None
