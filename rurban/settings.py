"""Every setting of the house, from the environment (`RURBAN_<NAME>`): the only place that reads it."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from devices.tls import Tls
from ingest.sources import FAMILIES
from rurban.setting_values import Families, HourOfNight, Networks, PlainUrl, ZoneId, listed
from telemetry.registry import Room
from telemetry.store import Address, EmbeddedFile

LOCAL_NAMES = ("localhost",)
HISTORY_DAYS = 30
"""How far the demonstration's history goes back unless it is told otherwise."""


class Settings(BaseSettings):
    """Checked as a whole before anything starts."""

    model_config = SettingsConfigDict(env_prefix="RURBAN_", frozen=True, extra="forbid", env_ignore_empty=True)

    data_dir: Path = Field(
        default=Path("data"), description="folder of the embedded store, the registry and the broker"
    )
    timezone: ZoneId = Field(default="Asia/Shanghai", description="IANA zone whose days the daily rollups follow")
    registry_url: str = Field(
        default="", description="SQLAlchemy URL of the registry; empty = SQLite in the data folder", repr=False
    )
    profiles: Path | None = Field(
        default=None,
        description="folder of device models of your own, in TOML (docs/profiles.md); none = no such folder",
    )
    store: Literal["embedded", "influxdb"] = Field(
        default="embedded", description="where readings are kept: embedded (DuckDB, one process) or influxdb"
    )
    keep_days: int = Field(
        default=0, ge=0, description="how many days readings are kept; their hourly rollups stay; 0 = for ever"
    )
    recount_at: HourOfNight = Field(
        default="03:00",
        description="when the store is counted and held against the ledger each night, in RURBAN_TIMEZONE; or never",
    )
    score_at: HourOfNight = Field(
        default="04:00",
        description="when what is said of each place is written back as readings each night, in RURBAN_TIMEZONE; "
        "or never",
    )
    store_memory_mb: int = Field(default=256, ge=64, description="memory that the embedded store may use, in MB")

    influxdb_url: PlainUrl = Field(default="http://127.0.0.1:8086", description="address of InfluxDB")
    influxdb_bucket: str = Field(
        default="rurban", description="bucket of InfluxDB 2, database of 3, database or database/policy of 1.8"
    )
    influxdb_org: str = Field(default="", description="organisation of InfluxDB 2")
    influxdb_token: SecretStr | None = Field(default=None, description="token of InfluxDB; of 1.8 user:password")
    influxdb_timeout_s: float = Field(default=15.0, gt=0, description="how long an answer of InfluxDB may take, in s")

    grafana_url: str = Field(
        default="http://127.0.0.1:3000", description="address of the Grafana that `dashboards push` uploads to"
    )
    grafana_token: SecretStr | None = Field(
        default=None, description="token of a service account of Grafana, or user:password"
    )
    grafana_influxdb_token: SecretStr | None = Field(
        default=None, description="token with which Grafana asks InfluxDB: of an account that may only read"
    )

    http_host: str = Field(default="127.0.0.1", description="address on which the API listens")
    http_port: int = Field(default=8080, ge=1, le=65535, description="port of the API")
    api_token: SecretStr | None = Field(
        default=None, description="bearer token that the API asks for; needed off loopback"
    )

    map_tiles: str = Field(
        default="",
        pattern=r"^$|^https?://[A-Za-z0-9.-]+(:\d+)?/[^\s;,'\"]*\{z\}[^\s;,'\"]*$",
        description="address of map tiles under the places, with {z}, {x} and {y}, in WGS 84 / Web Mercator; "
        "none = the map is drawn from the places alone",
    )
    map_credit: str = Field(default="", max_length=200, description="whose map it is, shown beside it")

    mqtt_host: str = Field(default="127.0.0.1", description="address of the MQTT broker, and the one `up` listens on")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="port of the MQTT broker")
    mqtt_embedded: bool = Field(
        default=True, description="`up` and `demo` start a broker of their own; false = they use the one that runs"
    )
    mqtt_username: str | None = Field(default=None, description="user name at the broker; none = anonymous")
    mqtt_password: SecretStr | None = Field(default=None, description="password at the broker")
    mqtt_tls_ca: Path | None = Field(default=None, description="file of CA certificates; set = TLS to the broker")
    mqtt_tls_cert: Path | None = Field(default=None, description="certificate shown to a broker that asks for one")
    mqtt_tls_key: Path | None = Field(default=None, description="key of that certificate, without a passphrase")
    mqtt_version: str = Field(default="3.1.1", pattern=r"^(3\.1\.1|5)$", description="MQTT version: 3.1.1 or 5")
    mqtt_client_id: str = Field(default="rurban-ingest", description="client id of the worker; its session hangs on it")
    mqtt_families: Families = Field(
        default=",".join(FAMILIES),
        description="whose topics are listened to besides the native ones, with commas between; or none",
    )
    mqtt_group: str = Field(
        default="", description="name of a shared subscription; workers of one group share the load"
    )
    broker_accounts: Literal["files", "dynamic"] = Field(
        default="files",
        description="where Mosquitto keeps the devices' accounts: files, or dynamic (in its dynamic security plugin)",
    )
    broker_accounts_password: SecretStr | None = Field(
        default=None, description="password of `_accounts`, who tells that plugin of devices"
    )

    batch_messages: int = Field(default=2000, ge=1, le=100_000, description="messages written at once, at most")
    batch_readings: int = Field(
        default=20_000, ge=1, le=1_000_000, description="a batch with so many readings takes no further message"
    )
    batch_age_ms: int = Field(default=20, ge=0, le=10_000, description="how long a message waits for company, in ms")
    pending_messages: int = Field(default=10_000, ge=1, description="messages received and not yet written, at most")
    spool_mb: int = Field(default=4096, ge=1, description="what may wait on the disk for the store, in MB")
    spool_hours: int = Field(default=168, ge=1, description="how long a reading may wait there, in hours")
    spool_when_full: Literal["stop", "drop_oldest"] = Field(
        default="stop",
        description="beyond that: stop = acknowledge nothing more, so that the broker keeps it; drop_oldest = give up "
        "the oldest, counted as quarantined",
    )
    pending_mb: int = Field(
        default=64, ge=1, description="payload in messages received and not yet written, at most, in MB"
    )
    max_payload_kb: int = Field(default=256, ge=1, description="largest payload that is decoded, in kB")
    max_import_mb: int = Field(
        default=512, ge=1, description="largest body of POST /api/v1/readings, in MB; it lies on the disk meanwhile"
    )
    quarantine_mb: int = Field(
        default=256, ge=1, description="payload kept in quarantine, at most, in MB; the oldest is let go"
    )
    quarantine_messages: int = Field(
        default=1_000_000, ge=1, description="messages kept in quarantine, at most; the oldest become counts"
    )
    device_rate: float = Field(
        default=50.0, ge=0, description="messages a second that one device may send for ever; 0 = any number"
    )
    device_burst: int = Field(default=1_000_000, ge=1, description="messages that one device may send beyond, at once")
    clock_ahead_s: int = Field(
        default=300, ge=0, description="a reading further in the future than this is flagged CLOCK"
    )
    late_after_s: int = Field(default=3600, ge=0, description="a reading that arrives later than this is flagged LATE")
    gateway_host: str = Field(default="127.0.0.1", description="address on which `gateway` listens to stations")
    gateway_sl651_port: int = Field(
        default=5651, ge=0, le=65535, description="port for stations that speak SL 651; 0 = none, for `demo` a free one"
    )
    gateway_hj212_port: int = Field(default=5212, ge=0, le=65535, description="likewise HJ 212")
    gateway_szy206_port: int = Field(default=5206, ge=0, le=65535, description="likewise SZY 206")
    gateway_metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="port of the gateway's own counters for Prometheus, on 127.0.0.1; 0 = none",
    )
    gateway_networks: Networks = Field(
        default="", description="networks from which stations may come, with commas between; needed off loopback"
    )
    gateway_connections: int = Field(default=1000, ge=1, description="stations that may be connected at once")
    gateway_idle_s: int = Field(default=600, ge=1, description="a silent connection ends after so long, in s")
    gateway_clock_s: int = Field(
        default=300, ge=0, description="a station's clock that is off by more is set, in s; 0 = none is"
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR"
    )

    @model_validator(mode="after")
    def _nothing_open_without_credentials(self) -> "Settings":
        if not is_loopback(self.http_host) and self.api_token is None:
            raise ValueError(
                f"RURBAN_HTTP_HOST={self.http_host} is reachable from outside: set RURBAN_API_TOKEN, or use 127.0.0.1"
            )
        return self

    @model_validator(mode="after")
    def _tiles_of_somebody(self) -> "Settings":
        if self.map_tiles and not all(name in self.map_tiles for name in ("{x}", "{y}")):
            raise ValueError(
                f"RURBAN_MAP_TILES={self.map_tiles} names no column and row: https://host/{{z}}/{{x}}/{{y}}.png"
            )
        if self.map_tiles and not self.map_credit:
            raise ValueError("RURBAN_MAP_TILES without RURBAN_MAP_CREDIT: who made a map is shown beside it")
        return self

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> "Settings":
        if (self.mqtt_tls_cert is None) != (self.mqtt_tls_key is None):
            raise ValueError("RURBAN_MQTT_TLS_CERT and RURBAN_MQTT_TLS_KEY belong together: set both or none")
        if self.mqtt_tls_cert is not None and self.mqtt_tls_ca is None:
            raise ValueError("RURBAN_MQTT_TLS_CERT is shown over TLS only: set RURBAN_MQTT_TLS_CA too")
        return self

    @model_validator(mode="after")
    def _no_station_from_anywhere(self) -> "Settings":
        if not is_loopback(self.gateway_host) and not self.gateway_networks:
            raise ValueError(
                f"RURBAN_GATEWAY_HOST={self.gateway_host} is reachable from outside, and stations show no credentials: "
                "name their networks in RURBAN_GATEWAY_NETWORKS, or use 127.0.0.1"
            )
        return self

    @property
    def mqtt_sources(self) -> list[str]:
        """Whose topics are listened to besides the native ones."""
        return listed(self.mqtt_families)

    @property
    def mqtt_tls(self) -> Tls | None:
        """How the broker is spoken to; None = in clear."""
        return None if self.mqtt_tls_ca is None else Tls(self.mqtt_tls_ca, self.mqtt_tls_cert, self.mqtt_tls_key)

    @property
    def gateway_admits(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks from which stations may come."""
        return tuple(ip_network(name) for name in listed(self.gateway_networks))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def store_place(self) -> EmbeddedFile | Address:
        """Which store, and where."""
        if self.store == "embedded":
            return EmbeddedFile(self.data_dir / "readings.duckdb", f"{self.store_memory_mb}MB", self.keep_days)
        token = self.influxdb_token
        return Address(
            self.influxdb_url.rstrip("/"),
            self.influxdb_bucket,
            self.influxdb_org,
            None if token is None else token.get_secret_value(),
            self.influxdb_timeout_s,
            self.keep_days,
        )

    @property
    def room(self) -> Room:
        """What the quarantine may hold."""
        return Room(self.quarantine_mb * 1024 * 1024, self.quarantine_messages)

    @property
    def registry(self) -> str:
        """The registry's URL."""
        return self.registry_url or f"sqlite:///{self.data_dir / 'registry.sqlite'}"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in LOCAL_NAMES
