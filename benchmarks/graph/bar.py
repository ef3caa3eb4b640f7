"""The graph of the benchmarks: a scaler, then one of two models, drawn for each request."""

from servegraph.graph import ab_test, deployment, model, transformer

scale = transformer("scale", "transformers.scaling:Scaler", artifact="../artifacts/scaler")
logistic = model("logistic", "models.classifier:Classifier", artifact="../artifacts/logistic")
forest = model("forest", "models.classifier:Classifier", artifact="../artifacts/forest")

bar = deployment("bar", scale >> ab_test("ab", logistic, forest, ratio_a=0.5), image="servegraph/bar:0.1.0")
