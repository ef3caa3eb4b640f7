"""Rules with stable codes that say what is wrong with a SeldonDeployment before a cluster does.

Pure data: nothing here loads an artifact, a component or a numerical library.
"""

from servegraph.check.finding import Finding, Found, Level, path_text
from servegraph.check.rule import Family, Rule, rule
from servegraph.check.run import apply, check_document, check_servable, check_shippable, check_text
from servegraph.check.subject import Subject

__all__ = [
    "Family",
    "Finding",
    "Found",
    "Level",
    "Rule",
    "Subject",
    "apply",
    "check_document",
    "check_servable",
    "check_shippable",
    "check_text",
    "path_text",
    "rule",
]
