"""The same graph on Kubernetes: the manifest that `kubectl apply` takes."""
