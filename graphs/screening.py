"""Screening: is a biopsy malignant? Two models share the traffic, a detector watches the rows."""

from servegraph.graph import ab_test, deployment, model, transformer

scale = transformer("scale", "transformers.scaling:Scaler", artifact="models:/screening-scaler@champion")

drift = transformer(
    "drift",
    "detectors.drift:FeatureDrift",
    artifact="models:/screening-drift-reference@champion",
    window=200,
    p_value=0.01,
)

logistic = model("logistic", "models.classifier:Classifier", artifact="models:/screening-logistic@champion")
boosting = model("boosting", "models.classifier:Classifier", artifact="models:/screening-boosting@champion")

screening = deployment(
    "screening",
    scale >> drift >> ab_test("ab", logistic, boosting, ratio_a=0.8),
    image="servegraph/screening:0.1.0",
)
