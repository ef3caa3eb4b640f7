"""What is known about a running graph: metrics, dashboards, alert rules.

The one door to prometheus_client. `metrics` is told what happens and renders it for a scrape;
`files` writes the Grafana and Prometheus files that read those metrics. Nothing here
may know the engine's insides, a front, or MLflow.
"""
