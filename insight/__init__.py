"""What readings mean: benchmark and index, alarms, water balance, agronomy. Pure functions over `telemetry`."""
