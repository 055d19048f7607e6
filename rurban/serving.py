"""What people and programs ask: the API over a house, its counters and its server."""

import contextlib
import logging
import signal
from collections.abc import Mapping
from types import FrameType

import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

import api
from api.live import LiveHub
from api.services import MapTiles, Services
from dashboards import page
from devices.message import Message
from devices.profiles import ProfileFile
from ingest.mqtt import Bus
from ingest.recognition import Recognition
from ingest.worker import Worker
from rurban.historian import history_import
from rurban.house import House
from rurban.nights import Hours
from rurban.own_metrics import LedgerCollector, QuarantineCollector, WorkerCollector
from rurban.readiness import probes
from rurban.recalibrating import recalibration
from rurban.scoring import Scoring, scored_nightly
from rurban.settings import Settings
from telemetry import announcement
from telemetry.errors import Rejected

logger = logging.getLogger(__name__)


def web(house: House, bus: Bus, ingest: Worker | None, files: Mapping[str, ProfileFile]) -> FastAPI:
    """The API; with a worker in the same process, also that worker's state in `/ready` and `/metrics`.

    `files` are the device models' own, by id.
    """
    collectors = CollectorRegistry()
    collectors.register(LedgerCollector(house.registry, house.clock))
    collectors.register(QuarantineCollector(house.registry.quarantine.used))
    if ingest is not None:
        collectors.register(WorkerCollector(ingest.progress, house.clock))
    live = LiveHub()
    bus.listen(announcement.ALL, lambda message: _offer(live, message))
    settings = house.settings
    token = settings.api_token
    return api.create(
        Services(
            registry=house.registry,
            reader=house.store,
            live=live,
            publish=bus.publish,
            clock=house.clock,
            probes=probes(house.registry, house.store, bus, ingest, house.clock),
            metrics=collectors,
            zone=settings.zone,
            history=history_import(house),
            recalibration=recalibration(house),
            recogniser=Recognition(),
            profile_files=files,
            largest_import=settings.max_import_mb * 1024 * 1024,
            clock_limit_s=settings.clock_ahead_s,
            page=page.BUILT,
            tiles=MapTiles(settings.map_tiles, settings.map_credit) if settings.map_tiles else None,
            token=None if token is None else token.get_secret_value(),
        )
    )


def scored(house: House, bus: Bus) -> contextlib.AbstractContextManager[None]:
    """What is said of each place is written back once a night."""
    settings = house.settings
    scoring = Scoring(house.registry, house.store, bus.publish, zone=settings.zone, clock=house.clock)
    return scored_nightly(scoring, Hours(settings.score_at, settings.zone, house.clock))


def _offer(live: LiveHub, message: Message) -> None:
    try:
        live.offer(announcement.decode(message.payload))
    except Rejected as rejected:
        logger.warning("announcement on %s ignored: %s", message.topic, rejected)


class Server(uvicorn.Server):
    """Uvicorn on a given app, until SIGTERM or SIGINT; stopping so is a success."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_level=settings.log_level.lower(),
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=3,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; asked a second time, without waiting for open connections. Uvicorn's own raises the signal again."""
        del frame
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
