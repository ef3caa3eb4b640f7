"""docs/rules.md: a section for each rule, made from the rules and their examples."""

import textwrap
from collections.abc import Iterator

from servegraph.check.catalogue import RULES
from servegraph.check.exhibit import difference, exhibit
from servegraph.check.explaining import FAMILIES
from servegraph.check.rule import Rule

_WIDTH = 120
_HEAD = """\
# Rules

What `servegraph check` finds. This page is generated: `servegraph explain --markdown > docs/rules.md`.

An *error* is refused, fails, or answers wrongly in a cluster. A *warning* may be meant, and probably is not. A *note*
is worth knowing. `servegraph check` ends with 1 if there are errors, with `--strict` also for warnings. *Cluster only*
means that `servegraph run` serves the manifest all the same; *fixable*, that `servegraph check --fix` repairs the
example, or what of it can be repaired mechanically.

A comment keeps a finding quiet: `# servegraph: ignore[SG304]` on its line, or alone on the line above.
"""


def markdown() -> str:
    """The whole page."""
    return "\n".join((_HEAD, *_contents(), *(line for rule in RULES for line in _section(rule))))


def _contents() -> Iterator[str]:
    for family, title in FAMILIES.items():
        rules = [rule for rule in RULES if rule.family is family]
        if rules:
            yield f"## {title}\n"
            yield from ("| code | level | |", "| --- | --- | --- |")
            yield from (f"| [{rule.code}](#{rule.code.lower()}) | {rule.level} | {rule.title} |" for rule in rules)
            yield ""


def _section(rule: Rule) -> Iterator[str]:
    shown = exhibit(rule.code)
    fixable = shown is not None and shown.fixed() != shown.broken
    marks = [str(rule.level), *(["cluster only"] if rule.cluster_only else []), *(["fixable"] if fixable else [])]
    yield f"## {rule.code}\n"
    yield f"**{rule.title}** ({', '.join(marks)})\n"
    for paragraph in rule.why.split("\n\n"):
        yield f"{textwrap.fill(paragraph, _WIDTH, break_on_hyphens=False, break_long_words=False)}\n"
    if shown is not None:
        yield from (f"> {finding.message}: {finding.help}\n" for finding in shown.findings()[:1])
        yield f"```yaml\n{shown.broken.rstrip()}\n```\n"
        lines = "\n".join(difference(shown.broken, shown.repaired))
        yield f"Repaired:\n\n```diff\n{lines}\n```\n"
