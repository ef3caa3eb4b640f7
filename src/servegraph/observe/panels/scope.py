"""The selector every panel uses: the deployment and predictor chosen at the top of the dashboard."""

SCOPE = 'deployment_name="$deployment_name",predictor_name=~"$predictor_name"'
WINDOW = "$__rate_interval"
