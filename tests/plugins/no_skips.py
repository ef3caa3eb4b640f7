"""With CI=true a skipped test or module is a failure: what CI does not run, nobody runs.

Only for reports of pytest; an expected failure (`xfail`) is not a skip.
"""

import os
from collections.abc import Generator
from typing import Any

import pytest


def forbidden() -> bool:
    return os.environ.get("CI") == "true"


def reason(longrepr: Any) -> str:
    """The text of a skip: pytest reports it as (file, line, text)."""
    return str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)


def fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.outcome = "failed"
    report.longrepr = f"skipped, and with CI=true every test runs. {reason(report.longrepr)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if forbidden() and report.skipped and not hasattr(report, "wasxfail"):
        fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if forbidden() and report.skipped:
        fail(report)
    return report
