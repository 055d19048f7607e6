"""What people look at: Grafana boards as code, and the built-in live page."""
