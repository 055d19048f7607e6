"""What is known of places, devices and the fates of readings, in a database: SQLite by default, or PostgreSQL.

The one place that imports SQLAlchemy and Alembic.
"""

from telemetry.registry._calibrations import CalibrationBook
from telemetry.registry._devices import Devices
from telemetry.registry._heard import HeardBook
from telemetry.registry._ledger import Ledger, LedgerCursor
from telemetry.registry._places import Places
from telemetry.registry._quarantine import Quarantine
from telemetry.registry._recounts import Recounts
from telemetry.registry._registry import Registry, open_registry
from telemetry.registry._room import Room, Used
from telemetry.registry._spools import Settling, Spools, Standing
from telemetry.registry._statements import Statements
from telemetry.registry._statistics import Statistics
from telemetry.registry._stays import Stays
from telemetry.registry._strangers import Strangers

__all__ = [
    "CalibrationBook",
    "Devices",
    "HeardBook",
    "Ledger",
    "LedgerCursor",
    "Places",
    "Quarantine",
    "Recounts",
    "Registry",
    "Room",
    "Settling",
    "Spools",
    "Standing",
    "Statements",
    "Statistics",
    "Stays",
    "Strangers",
    "Used",
    "open_registry",
]
