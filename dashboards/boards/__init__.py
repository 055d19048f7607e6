"""One module per board: `sheet()` says what is on it, the module's name is its uid. Found by folder."""

import importlib
import pkgutil

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.sheet import board


def boards() -> dict[str, Dashboard]:
    """Every board by its uid."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: board(name, importlib.import_module(f"{__name__}.{name}").sheet()) for name in names}
