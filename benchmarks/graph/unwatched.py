"""The graph of `watched.py` without what watches it: the detector's node passes rows on, and nobody looks."""

from servegraph.graph import ab_test, deployment, model, transformer

scale = transformer("scale", "transformers.scaling:Scaler", artifact="../artifacts/scaler")
drift = transformer("drift", "detectors.drift:FeatureDrift", artifact="../artifacts/reference")
logistic = model("logistic", "models.classifier:Classifier", artifact="../artifacts/logistic")
forest = model("forest", "models.classifier:Classifier", artifact="../artifacts/forest")

unwatched = deployment(
    "bar", scale >> drift >> ab_test("ab", logistic, forest, ratio_a=0.5), image="servegraph/bar:0.1.0"
)
