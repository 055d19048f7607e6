"""What people look at: Grafana boards as code, and the built-in live page.

Boards are built from the catalogue of metrics and ask in the store's own InfluxQL, so that a panel and the API cannot
disagree. `python -m dashboards` writes them to `json/`; one board is one module of `boards/`.
"""
