"""The way of one reading, from packet to HTTP, on a real broker, store and registry."""

import datetime as dt
import json

from starlette.testclient import TestClient

import api
from api.live import LiveHub
from api.services import Services
from devices.message import uplink
from prometheus_client import CollectorRegistry
from telemetry import announcement
from telemetry.instant import iso
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.mosquitto import Mosquitto
from tests.village import VILLAGE
from tests.workplace import at_work, client_of, eventually, publish, wall_clock, worker_on
