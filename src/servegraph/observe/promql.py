"""Pieces of PromQL that the dashboard and the alert rules share, so that both mean the same by them.

`scope` is the inside of a selector that picks a deployment, such as `deployment_name="screening"`.
"""

from servegraph.observe.executor import CLIENT, SERVER

# The same question by REST and by gRPC; feedback, status and metadata are other services.
PREDICT = 'service=~"predictions|/seldon.protos.Seldon/Predict"'
# What is neither an answer nor the caller's mistake. A code nobody thought of counts as a failure.
FAILED = 'code!~"[234]..|OK|Cancell?ed|InvalidArgument|NotFound"'


def rate(metric: str, selector: str, window: str, by: str = "") -> str:
    """Events per second over `window`, summed over everything but the labels `by`."""
    return f"{_sum(by)}(rate({metric}{{{selector}}}[{window}]))"


def requests(scope: str, window: str, by: str = "") -> str:
    return rate(f"{SERVER}_count", f"{scope},{PREDICT}", window, by)


def failed_requests(scope: str, window: str, by: str = "") -> str:
    return rate(f"{SERVER}_count", f"{scope},{PREDICT},{FAILED}", window, by)


def calls(scope: str, window: str, by: str) -> str:
    return rate(f"{CLIENT}_count", scope, window, by)


def failed_calls(scope: str, window: str, by: str) -> str:
    return rate(f"{CLIENT}_count", f"{scope},{FAILED}", window, by)


def share(part: str, whole: str, by: str = "") -> str:
    """`part / whole`, both summed `by`: 0 where there is no part, nothing where there is no whole."""
    zero = f"0 * {whole}" if by else "vector(0)"
    return f"({part} or {zero}) / ({whole} > 0)"


def quantile(q: float, histogram: str, selector: str, window: str, by: str = "") -> str:
    """The q-quantile in seconds; NaN where nothing was observed."""
    buckets = rate(f"{histogram}_bucket", selector, window, f"{by}, le" if by else "le")
    return f"histogram_quantile({q}, {buckets})"


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
