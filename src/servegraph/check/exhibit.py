"""The example of a rule: a manifest that breaks it, its repaired twin, and what lies between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.resources import files

from servegraph.check.finding import Finding
from servegraph.check.fixing import repair
from servegraph.check.run import check_text
from servegraph.spec.source import parse_documents

BROKEN, REPAIRED = "broken.yaml", "repaired.yaml"
_AROUND = 3


@dataclass(frozen=True, slots=True)
class Exhibit:
    """The texts of both manifests."""

    code: str
    broken: str
    repaired: str

    def findings(self) -> list[Finding]:
        """What the rule says of the broken one."""
        return [finding for finding in check_text(self.broken, BROKEN) if finding.code == self.code]

    def fixed(self) -> str:
        """The broken one after the mechanical repairs of this rule alone."""

        def found(text: str) -> list[Finding]:
            return [finding for finding in check_text(text, BROKEN) if finding.code == self.code]

        return repair(self.broken, BROKEN, found).text


def mean_the_same(one: str, other: str) -> bool:
    """Whether two manifests differ in nothing but comments and quotes."""
    return [each.value for each in parse_documents(one, "")] == [each.value for each in parse_documents(other, "")]


def exhibit(code: str) -> Exhibit | None:
    """The example of a rule; None if it has none, as rules that look at artifacts."""
    folder = files("servegraph.check") / "examples" / code
    broken, repaired = folder / BROKEN, folder / REPAIRED
    if not (broken.is_file() and repaired.is_file()):
        return None
    return Exhibit(code, broken.read_text(encoding="utf-8"), repaired.read_text(encoding="utf-8"))


def difference(before: str, after: str) -> Iterator[str]:
    """The lines that differ, marked `-` and `+`, some equal ones around them, and `...` where more are left out."""
    old, new = before.splitlines(), after.splitlines()
    for number, group in enumerate(SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND)):
        if number:
            yield "  ..."
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                yield from (f"  {line}".rstrip() for line in old[start:end])
            else:
                yield from (f"- {line}" for line in old[start:end])
                yield from (f"+ {line}" for line in new[new_start:new_end])
