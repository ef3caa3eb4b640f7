"""Every rule finds its broken example, is content with the repaired one, and repairs what it says it repairs."""

import re

import pytest

from servegraph.check import Rule, check_text
from servegraph.check.catalogue import BY_CODE, RULES
from servegraph.check.exhibit import Exhibit, exhibit
from servegraph.check.explaining import explained
from servegraph.check.fixing import repair
from servegraph.check.report.paint import Paint

CODES = [rule.code for rule in RULES]
# What artifacts do to one another is not written in a manifest (tests/cli/test_fitting.py has them), nor is Python.
NOT_IN_A_MANIFEST = frozenset(code for code in CODES if code.startswith("SG4") or code == "SG110")
FINDABLE = [code for code in CODES if code not in NOT_IN_A_MANIFEST]
SHOWN = [code for code in CODES if code not in ("SG110", "SG414", "SG415")]  # what only running it shows


def example(code: str) -> Exhibit:
    found = exhibit(code)
    assert found is not None, f"{code} has no example"
    return found


@pytest.mark.parametrize("code", FINDABLE)
def test_broken_example_is_found(code: str):
    found = example(code).findings()
    assert found
    assert {each.level for each in found} == {BY_CODE[code].level}
    assert all(each.message and each.help and not each.message.endswith(".") for each in found)


@pytest.mark.parametrize("code", SHOWN)
def test_repaired_example_is_clean(code: str):
    found = check_text(example(code).repaired, code)
    assert [(each.code, each.message) for each in found if each.level != "note"] == []
    assert code not in {each.code for each in found}
    assert example(code).repaired != example(code).broken


@pytest.mark.parametrize("code", FINDABLE)
def test_fixing_what_can_be_fixed_removes_the_finding(code: str):
    shown = example(code)
    fixable = [each for each in shown.findings() if each.edits]
    if not fixable:
        return
    fixed = repair(shown.broken, code, lambda text: [each for each in check_text(text, code) if each.code == code])
    left = {(each.path, each.message) for each in check_text(fixed.text, code) if each.code == code}
    assert fixed.done
    assert not left & {(each.path, each.message) for each in fixable}


@pytest.mark.parametrize("rule", RULES, ids=CODES)
def test_rule_is_explained_in_words(rule: Rule):
    assert re.fullmatch(r"SG[1-4]\d\d", rule.code)
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.why.rstrip("`)").endswith(".")
    assert explained(rule, Paint()).startswith(f"{rule.level}[{rule.code}]: {rule.title}\n")


def test_no_two_rules_share_a_code():
    assert len(set(CODES)) == len(CODES)
