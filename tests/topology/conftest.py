"""What is checked of every topology stands in modules of its own, and shall say what differed."""

import pytest

pytest.register_assert_rewrite("tests.topology.checking")
