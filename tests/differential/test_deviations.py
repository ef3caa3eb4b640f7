"""The list of meant differences holds nothing that is none."""

import pytest
from tests.differential.deviations import DEVIATIONS, Deviation


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: each.reason)
def test_meant_difference_is_still_one(request: pytest.FixtureRequest, deviation: Deviation) -> None:
    name, asked = deviation.shown_by
    original, ours = request.getfixturevalue(name).ask(asked)
    assert original.exact != ours.exact, f"both answer {ours.exact}: strike the entry off"
    assert deviation.allows(asked, original, ours), f"original: {original.exact}\nours:     {ours.exact}"
