"""One page for the metrics of several predictors."""

from servegraph.observe.custom import CustomMetrics, Origin
from servegraph.observe.exposition import Exposition
from servegraph.observe.metrics import Metrics

COPIES = "servegraph_shadow_copies_total"


def metrics(predictor: str, custom: CustomMetrics) -> Metrics:
    return Metrics("d", predictor, "", {}, None, custom=custom)


def test_families_of_several_predictors_are_one_each() -> None:
    custom = CustomMetrics()
    main, canary = metrics("main", custom), metrics("canary", custom)
    main.request_done("predictions", "post", "200", 0.002)
    canary.request_done("predictions", "post", "500", 0.003)
    canary.watch_copies(lambda: (3, 2, 1))
    for predictor in ("main", "canary"):
        origin = Origin("node", "image", "1", "d", predictor, "", "7")
        custom.add(origin, "predict", [{"type": "COUNTER", "key": "words", "value": 2}])
    kind, body = Exposition([main, canary]).render()
    lines = body.decode().splitlines()

    assert kind.startswith("text/plain")
    count = "seldon_api_executor_server_requests_seconds_count"
    labels = 'deployment_name="d",method="post",predictor_name="{}",predictor_version="",service="predictions"'
    assert [line for line in lines if line.startswith(count)] == [
        f'{count}{{code="200",{labels.format("main")}}} 1.0',
        f'{count}{{code="500",{labels.format("canary")}}} 1.0',
    ]
    types = [line for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    assert len([line for line in lines if line.startswith("words_total{")]) == 2
    assert [line.rpartition(",")[2] for line in lines if line.startswith(f"{COPIES}{{")] == [
        'result="answered"} 3.0',
        'result="failed"} 2.0',
        'result="dropped"} 1.0',
    ]


def test_page_of_one_predictor_is_its_own() -> None:
    custom = CustomMetrics()
    main = metrics("main", custom)
    main.request_done("predictions", "post", "200", 0.002)

    assert b'predictor_name="main"' in main.render()[1]
