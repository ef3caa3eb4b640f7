"""What a rule is: a function with a code, a level and a reason.

    @rule("SG307", Level.ERROR, "A combiner that does not combine", cluster_only=True)
    def average_combiner(subject: Subject) -> Iterator[Found]:
        '''Why this is a problem: what `servegraph explain SG307` and docs/rules.md print.'''
        ...

Each rule has a folder `examples/<code>/` with a `broken.yaml` that it finds, and the repaired twin
`repaired.yaml` in which no rule finds an error. They are shown by `explain`, in docs/rules.md, and are its test.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from servegraph.check.finding import Found, Level
from servegraph.check.subject import Subject


class Family(Enum):
    """The four kinds of rules, by the first digit of their codes."""

    SCHEMA = 1
    ADMISSION = 2
    BEHAVIOUR = 3
    FIT = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        title: the rule in a few words.
        why: what it means and what happens, in whole sentences.
        find: what it finds in a deployment; None for rules that are applied elsewhere (a file's text, its schema,
            artifacts), which only have their words here.
        cluster_only: whether the deployment can be served on one machine all the same.
    """

    code: str
    level: Level
    title: str
    why: str
    find: Callable[[Subject], Iterator[Found]] | None = None
    cluster_only: bool = False

    @property
    def family(self) -> Family:
        return Family(int(self.code[2]))


def rule(
    code: str, level: Level, title: str, *, cluster_only: bool = False
) -> Callable[[Callable[[Subject], Iterator[Found]]], Rule]:
    """Make a rule of a function; its docstring is the reason."""

    def made(find: Callable[[Subject], Iterator[Found]]) -> Rule:
        return Rule(code, level, title, inspect.cleandoc(find.__doc__ or ""), find, cluster_only)

    return made
