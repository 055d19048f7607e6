"""Asking a worker for the replay of everything that was refused of one device, and what came of it."""

from pydantic import BaseModel, Field

from api.services import Services
from telemetry import replay_request
from telemetry.errors import BrokerUnavailable

MOST_ASKED = 5000
"""Messages that one request asks the replay of."""


class ReplaysAnswer(BaseModel):
    """How far the replay of a device's refused messages has come; the `outcome` of each says more."""

    stored: int = Field(description="messages whose replay succeeded")
    refused: int = Field(description="messages that were refused again")
    waiting: int = Field(description="messages that were not replayed yet")
    see: str = Field(
        description="the messages that are not replayed, and why",
        examples=["/api/v1/quarantine?device=demo-probe&replayed=false"],
    )


class ReplaysAsked(ReplaysAnswer):
    """What was asked for; ask again for `/devices/{device_id}/replay` to see it come about."""

    asked: int = Field(
        description=f"messages that a worker was asked to replay now, the oldest first; at most {MOST_ASKED}"
    )
    wrong: str | None = Field(
        None, description="why not all of them were; `POST /devices/{device_id}/replay` asks again"
    )


def replays(services: Services, device: str) -> ReplaysAnswer:
    found = services.registry.strangers.replays(device)
    return ReplaysAnswer(
        stored=found.stored,
        refused=found.refused,
        waiting=found.waiting,
        see=f"/api/v1/quarantine?device={device}&replayed=false",
    )


def ask(services: Services, device: str) -> ReplaysAsked:
    """In the order in which they were received. The answer tells of a bus that is away: what was done before stays."""
    owed = services.registry.strangers.owed(device, MOST_ASKED + 1)
    asked, wrong = 0, None
    try:
        for number in owed[:MOST_ASKED]:
            services.publish(replay_request.TOPIC, replay_request.encode(number))
            asked += 1
    except BrokerUnavailable as error:
        wrong = str(error)
    if wrong is None and len(owed) > MOST_ASKED:
        wrong = f"there are more than {MOST_ASKED}"
    return ReplaysAsked(**replays(services, device).model_dump(), asked=asked, wrong=wrong)
