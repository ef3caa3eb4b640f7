"""What the API server and the webhook let pass, and what then fails, misleads or does nothing (SG3xx)."""

from servegraph.check.rule import Rule

RULES: tuple[Rule, ...] = ()
