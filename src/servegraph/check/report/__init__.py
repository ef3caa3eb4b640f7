"""What `servegraph check` prints: the findings of some files as text, JSON, GitHub's commands or SARIF."""

from servegraph.check.report.github import github
from servegraph.check.report.json_list import json_list
from servegraph.check.report.sarif import sarif
from servegraph.check.report.summary import Report, summary
from servegraph.check.report.text import finding_text, text

__all__ = ["Report", "finding_text", "github", "json_list", "sarif", "summary", "text"]
