"""The door to a running Grafana: data sources, a folder and the boards, put there over its HTTP API."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

from dashboards.boards import boards
from dashboards.files import text
from dashboards.queries import HOURLY, RAW
from telemetry.errors import GrafanaUnavailable, Invalid
from telemetry.store.influx_address import Address

FOLDER: Final = "rurban"
_TITLE: Final = "Rurban"
_NOT_FOUND: Final = 404
_TIMEOUT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Grafana:
    """Where it is, and who we are there."""

    url: str
    token: str = field(repr=False)
    """Of a service account; or `user:password`."""


def push(grafana: Grafana, influxdb: Address) -> Iterator[str]:
    """Make or renew everything; says what it did, one line each. Doing it again changes nothing.

    Data sources that are there already stay as they are: whoever set Grafana up knows how it reaches InfluxDB. New
    ones ask with the token of `influxdb`, which should be one that may only read.

    Raises:
        Invalid: the address is none, or boards cannot ask this bucket.
        GrafanaUnavailable: it cannot be reached, or refuses; says what would help.
    """
    door = _door(grafana)
    try:
        for source in data_sources(influxdb):
            if _missing(lambda uid=source["uid"]: door.datasource.get_datasource_by_uid(uid)):
                door.datasource.create_datasource(dict(source))
                secret = "" if influxdb.token else " without credentials: see RURBAN_GRAFANA_INFLUXDB_TOKEN"
                yield f"data source {source['uid']}: made{secret}"
            else:
                yield f"data source {source['uid']}: there already"
        if _missing(lambda: door.folder.get_folder(FOLDER)):
            door.folder.create_folder(_TITLE, uid=FOLDER)
        for uid, board in boards().items():
            wanted = {"dashboard": json.loads(text(board)), "folderUid": FOLDER, "overwrite": True, "message": "rurban"}
            door.dashboard.update_dashboard(wanted)
            yield f"board {uid}: {grafana.url.rstrip('/')}/d/{uid}"
    except GrafanaException as error:
        raise GrafanaUnavailable(
            f"Grafana at {grafana.url} refuses: {error.message}; RURBAN_GRAFANA_TOKEN must be of an editor who may "
            "make data sources and folders"
        ) from error
    except OSError as error:
        raise GrafanaUnavailable(
            f"Grafana at {grafana.url} cannot be asked: {error}; see RURBAN_GRAFANA_URL"
        ) from error


def data_sources(influxdb: Address) -> Iterator[Mapping[str, object]]:
    """Readings and rollups, as InfluxQL data sources.

    Raises:
        Invalid: the bucket names a retention policy: Grafana's source knows the database's default one only.
    """
    if "/" in influxdb.bucket:
        raise Invalid(
            "RURBAN_INFLUXDB_BUCKET", f"{influxdb.bucket!r} names a policy", "a database of its own for boards"
        )
    for ref, address, title in ((RAW, influxdb, "Rurban readings"), (HOURLY, influxdb.hourly, "Rurban hours")):
        secret = {} if address.token is None else {"httpHeaderValue1": f"Token {address.token}"}
        header = {} if address.token is None else {"httpHeaderName1": "Authorization"}
        yield {
            "uid": ref.uid,
            "name": title,
            "type": "influxdb",
            "access": "proxy",
            "url": address.url,
            "database": address.bucket,
            "jsonData": {"dbName": address.bucket, "httpMode": "POST", "version": "InfluxQL", **header},
            "secureJsonData": secret,
        }


def _door(grafana: Grafana) -> Any:  # noqa: ANN401 - the client has no types
    address = urlsplit(grafana.url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise Invalid("RURBAN_GRAFANA_URL", f"{grafana.url!r} is no address", "such as http://127.0.0.1:3000")
    user, colon, password = grafana.token.partition(":")
    credential: str | tuple[str, str] = (user, password) if colon else grafana.token
    return GrafanaApi.from_url(grafana.url.rstrip("/") + "/", credential=credential, timeout=_TIMEOUT_S)


def _missing(question: Any) -> bool:  # noqa: ANN401 - a call of the client, which has no types
    try:
        question()
    except GrafanaClientError as error:
        if error.status_code != _NOT_FOUND:
            raise
        return True
    return False
