"""What the tests here share: Prometheus if the machine has it, and one graph whose history is known."""

import shutil
import time
from collections.abc import Iterator

import pytest
from tests.observe.history import Endpoint, History
from tests.observe.prometheus import Prometheus, start_prometheus


@pytest.fixture(scope="session")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None or shutil.which("prometheus") is None:
        pytest.skip("prometheus and promtool are not installed (Debian: apt-get install prometheus)")
    return found


@pytest.fixture(scope="session")
def scraped(promtool: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prometheus, float]]:
    """A Prometheus that has scraped the whole history, and a Unix time at which it had."""
    history = History(steps=12)
    folder = tmp_path_factory.mktemp("prometheus")
    with Endpoint(history) as url, start_prometheus(folder, url) as prometheus:
        prometheus.wait_for(f"servegraph_drift_windows_total{{result='drift'}} == {history.steps}")
        yield prometheus, time.time()
