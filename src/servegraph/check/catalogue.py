"""All rules, in the order of their codes."""

from collections.abc import Mapping

from servegraph.check import admission, behaviour, fit, ignoring, schema
from servegraph.check.rule import Rule

RULES: tuple[Rule, ...] = tuple(
    sorted((*schema.RULES, *ignoring.RULES, *admission.RULES, *behaviour.RULES, *fit.RULES), key=lambda rule: rule.code)
)
BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}
