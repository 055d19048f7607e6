"""The HTTP API: reads registry and store for people and programs, and streams what is new."""

from api.application import create
from api.live import LiveHub
from api.services import Services

__all__ = ["LiveHub", "Services", "create"]
