"""The rows of the metric catalogue, one module per group of domains; read it through `telemetry.metrics`."""
