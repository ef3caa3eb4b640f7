"""What the operator's webhook refuses: SG201 to SG221, numbered as its conditions are evaluated.

Source:
    The validating webhook of Seldon Core v1 (1.17 and 1.18), which looks at the object as written, without
    defaults, and reports all errors at once.
"""

from servegraph.check.admission import graph, traffic, whole
from servegraph.check.rule import Rule

RULES: tuple[Rule, ...] = (*whole.RULES, *graph.RULES, *traffic.RULES)
