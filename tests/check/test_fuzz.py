"""Ten thousand manifests with mistakes in them: each gets an answer, in all forms, and fixing never makes one worse."""

import json
from random import Random

import pytest
from tests.check.mutants import mutants

from servegraph.check import Finding, check_text
from servegraph.check.fixing import repair
from servegraph.check.report import Report, github, json_list, sarif, text
from servegraph.errors import ConfigurationError
from servegraph.spec import dump, parse
from servegraph.spec.source import parse_documents

BATCH = 100
BATCHES = range(100)


def checked(source: str) -> list[Finding]:
    return check_text(source, "x.yaml")


def round_trips(source: str) -> int:
    """How many deployments of a text load, and load again as the same from what they dump."""
    count = 0
    try:
        documents = [each for each in parse_documents(source, "x.yaml") if each.is_deployment]
    except ConfigurationError:
        return 0
    for document in documents:
        try:
            loaded = parse(document.value, "x.yaml")
        except ConfigurationError:
            continue
        (again,) = parse_documents(dump(loaded), "x.yaml")
        assert parse(again.value, "x.yaml") == loaded
        assert list(again.value) == list(loaded.as_json())
        count += 1
    return count


@pytest.mark.parametrize("batch", BATCHES)
def test_mutants_are_checked_reported_and_fixed(batch: int):
    texts = {f"{number}.yaml": mutant for number, mutant in enumerate(mutants(Random(batch), BATCH))}
    findings: list[Finding] = []
    loaded = 0
    for name, mutant in texts.items():
        found = check_text(mutant, name)
        findings += found
        loaded += round_trips(mutant)
        if any(each.edits for each in found):
            fixed = repair(mutant, "x.yaml", checked)
            assert (fixed.text == mutant) == (not fixed.done)
            assert repair(fixed.text, "x.yaml", checked).text == fixed.text
    report = Report(texts, findings)
    assert loaded > BATCH // 10
    assert text(report, colour=True).count("\x1b[1;31merror[") == report.count(findings[0].level.ERROR)
    assert len(json.loads(json_list(report))) == len(findings)
    assert len(github(report).splitlines()) >= len(findings)
    assert len(json.loads(sarif(report, "1"))["runs"][0]["results"]) == len(findings)
