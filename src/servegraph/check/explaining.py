"""What `servegraph explain` says of a rule."""

import textwrap
from collections.abc import Iterator

from servegraph.check.catalogue import RULES
from servegraph.check.exhibit import Exhibit, difference, exhibit, mean_the_same
from servegraph.check.report.excerpt import lines_of
from servegraph.check.report.paint import Paint
from servegraph.check.report.text import finding_text
from servegraph.check.rule import Family, Rule

_WIDTH = 100
FAMILIES = {
    Family.SCHEMA: "Schema: what the API server refuses, or drops",
    Family.ADMISSION: "Admission: what Seldon's webhook refuses",
    Family.BEHAVIOUR: "Behaviour: what is admitted, and does not do what it says",
    Family.FIT: "Fit: nodes that do not fit one another",
}


def explained(rule: Rule, paint: Paint) -> str:
    """The rule, why it is one, its example and the repair."""
    return "\n".join(_explained(rule, paint)) + "\n"


def _explained(rule: Rule, paint: Paint) -> Iterator[str]:
    yield paint(rule.level.value, f"{rule.level.value}[{rule.code}]") + paint("bold", f": {rule.title}")
    for paragraph in rule.why.split("\n\n"):
        yield ""
        yield from textwrap.wrap(paragraph, _WIDTH)
    shown = exhibit(rule.code)
    if shown is not None:
        yield from _example(shown, paint)
    if rule.cluster_only and rule.level == "error":
        yield ""
        yield "This concerns a cluster: `servegraph run` serves the manifest all the same."


def _example(shown: Exhibit, paint: Paint) -> Iterator[str]:
    for finding in shown.findings()[:1]:
        yield from ("", paint("bold", "For example"), "")
        yield from finding_text(finding, lines_of(shown.broken), paint).splitlines()
    yield from ("", paint("bold", "Repaired"), "")
    yield from _diff(shown.broken, shown.repaired, paint)
    fixed = shown.fixed()
    yield ""
    if fixed == shown.broken:
        yield "`servegraph check --fix` leaves this to you."
    elif mean_the_same(fixed, shown.repaired):
        yield "`servegraph check --fix` does exactly this."
    else:
        yield from ("`servegraph check --fix` does this:", "")
        yield from _diff(shown.broken, fixed, paint)


def _diff(before: str, after: str, paint: Paint) -> Iterator[str]:
    styles = {"-": "error", "+": "help", " ": "dim"}
    for line in difference(before, after):
        yield "  " + paint(styles.get(line[:1], "dim"), line)


def listed(paint: Paint) -> str:
    """All codes with their levels and titles, by family."""
    lines: list[str] = []
    for family, title in FAMILIES.items():
        rules = [rule for rule in RULES if rule.family is family]
        if rules:
            lines += ["", paint("bold", title)]
        for rule in rules:
            lines.append(f"  {rule.code}  {paint(rule.level.value, f'{rule.level.value:<8}')} {rule.title}")
    return "\n".join(lines[1:]) + "\n"
