"""Which cores a child gets."""

from servegraph.supervisor.cores import share


def test_children_share_the_cores_between_them() -> None:
    assert [share([0, 1, 2, 3, 4], number, 2) for number in range(2)] == [[0, 2, 4], [1, 3]]


def test_as_many_children_as_cores_get_one_each() -> None:
    assert [share([2, 5], number, 2) for number in range(2)] == [[2], [5]]


def test_more_children_than_cores_use_all_of_them() -> None:
    assert [share([0, 1], number, 3) for number in range(3)] == [[0, 1], [0, 1], [0, 1]]
