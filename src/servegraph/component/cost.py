"""How long a component's calls take, by the number of their rows: what decides where the next one is made."""

WEIGHT = 0.25  # of the newest call in the mean
MOST = 10.0  # times the mean: what a call counts at most, as a busy machine now and then takes a hundred times as long


class Cost:
    """Exponentially weighted means of seconds.

    Attributes:
        means: one for each method and each doubling of the rows, by the rows' bit length.
    """

    def __init__(self) -> None:
        self.means: dict[tuple[str, int], float] = {}

    def expected(self, method: str, rows: int) -> float | None:
        """Seconds of a call; None if there was none of this size yet."""
        return self.means.get((method, rows.bit_length()))

    def took(self, method: str, rows: int, seconds: float) -> None:
        """Count a call; one with fewer rows is taken to need no more."""
        means, size = self.means, rows.bit_length()
        mean = means.get((method, size), seconds)
        mean += WEIGHT * (min(seconds, MOST * mean) - mean)
        means[method, size] = mean
        for smaller in range(1, size):
            if means.get((method, smaller), 0.0) > mean:
                means[method, smaller] = mean
