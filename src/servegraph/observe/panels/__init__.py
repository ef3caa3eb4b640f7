"""What the dashboard asks, one row a module. Every query is run against a real Prometheus in the tests."""
