"""The door to an InfluxDB server: line protocol in by its official client, InfluxQL out of `/query`, errors as ours.

`/api/v2/write` and `/query` are what InfluxDB 1.8, 2.x, 3, Enterprise, Clustered and Cloud have in common.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from telemetry.errors import StoreUnavailable
from telemetry.store.influx_address import Address
from telemetry.store.influxql import quoted

OK = 200
BAD_REQUEST = 400
"""The status of an answer to points that can never be stored; others of the batch may be stored."""
TOO_LARGE = 413
UNPROCESSABLE = 422
NOTHING = 'SELECT "value" FROM "rurban_nothing" LIMIT 1'
"""Fails where there is no such database; SHOW answers with nothing then."""


class Refusal(NamedTuple):
    """The server will never take these lines as they are, or not all of them."""

    detail: str
    too_many: bool
    """The request was too large; in smaller ones they may be taken."""


class Rows(msgspec.Struct):
    """One series of an answer."""

    name: str = ""
    tags: dict[str, str] = {}
    columns: list[str] = []
    values: list[list[Any]] = []


class _Result(msgspec.Struct):
    series: list[Rows] = []
    error: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str | None = None


class InfluxServer:
    """One bucket of one server; thread-safe. Every failure that another try may mend is `StoreUnavailable`."""

    def __init__(self, address: Address) -> None:
        """Connects to nothing yet."""
        self.address = address
        self._database, _, self._policy = address.bucket.partition("/")
        self._client: Any = InfluxDBClient(
            address.url,
            token=address.token or "none",
            org=address.org or "-",
            timeout=int(address.timeout_s * 1000),
            retries=urllib3.Retry(0),
        )
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._headers = {} if address.token is None else {"Authorization": f"Token {address.token}"}
        self._pool = urllib3.PoolManager(maxsize=16, retries=False, timeout=address.timeout_s)
        self._decoder = msgspec.json.Decoder(_Answer)
        self._closed = False

    def close(self) -> None:
        self._closed = True
        self._client.close()
        self._pool.clear()

    def write(self, lines: Sequence[str], *, nanoseconds: bool = False) -> Refusal | None:
        """Store the lines of line protocol, with times in milliseconds unless said otherwise; None = all are durable.

        Raises:
            StoreUnavailable: the server cannot be reached, refuses us or has no such bucket.
        """
        self._require_open()
        precision = WritePrecision.NS if nanoseconds else WritePrecision.MS
        try:
            self._writer.write(self.address.bucket, record="\n".join(lines).encode(), write_precision=precision)
        except ApiException as error:
            detail = _message(error.body) or str(error.reason)
            if error.status in {BAD_REQUEST, TOO_LARGE, UNPROCESSABLE} and "not found" not in detail:
                return Refusal(detail, error.status == TOO_LARGE)
            raise self._failed(f"refuses to write: {error.status} {detail}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._failed(f"cannot be written to: {error}") from error
        return None

    def query(
        self, statements: Sequence[str], bound: Mapping[str, object], *, nanoseconds: bool = False
    ) -> list[list[Rows]]:
        """The series that each statement answers with; times are integer milliseconds unless said otherwise.

        Raises:
            StoreUnavailable: the server cannot be reached, refuses us, or cannot carry out a statement.
        """
        self._require_open()
        fields = {
            "db": self._database,
            "epoch": "ns" if nanoseconds else "ms",
            "q": ";".join(statements),
            "params": json.dumps(bound),
        }
        if self._policy:
            fields["rp"] = self._policy
        try:
            answer = self._pool.request(
                "POST", f"{self.address.url}/query", fields=fields, encode_multipart=False, headers=self._headers
            )
            if answer.status != OK:
                raise self._failed(f"cannot answer: {answer.status} {_message(answer.data)}")
            told = self._decoder.decode(answer.data)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._failed(f"cannot be asked: {error}") from error
        except msgspec.MsgspecError as error:
            raise self._failed(f"answers {answer.status} with something else than InfluxDB would: {error}") from error
        wrong = told.error or next((result.error for result in told.results if result.error), None)
        if wrong is not None:
            raise self._failed(f"cannot answer: {wrong}")
        if len(told.results) != len(statements):
            raise self._failed(f"answers {len(told.results)} of {len(statements)} statements")
        return [result.series for result in told.results]

    def measurements(self) -> list[str]:
        """Their names.

        Raises:
            StoreUnavailable: see `query`; also where there is no such database.
        """
        answer, _ = self.query(["SHOW MEASUREMENTS", NOTHING], {})
        return [str(row[0]) for rows in answer for row in rows.values]

    def version(self) -> str:
        """What the server calls itself, such as `1.8.10` or `2.7.11`; empty when it does not say.

        Raises:
            StoreUnavailable: it cannot be reached.
        """
        self._require_open()
        try:
            answer = self._pool.request("GET", f"{self.address.url}/ping", headers=self._headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._failed(f"cannot be reached: {error}") from error
        return str(answer.headers.get("X-Influxdb-Version", "")).removeprefix("v")

    def create(self) -> None:
        """Make the bucket or database, in the way of the server's version.

        Raises:
            StoreUnavailable: we may not, or the server does not say which version it is.
        """
        match self.version().partition(".")[0]:
            case "1":
                self._create_policy()
            case "2":
                self._create_bucket()
            case "3":
                self._create_database()
            case other:
                raise self._failed(f"is of a version ({other or 'unknown'}) in which we cannot make a bucket")

    def _create_policy(self) -> None:
        database, kept = quoted(self._database), f"{self.address.keep_days}d" if self.address.keep_days else "INF"
        if not self._policy:
            self.query([f"CREATE DATABASE {database} WITH DURATION {kept} REPLICATION 1"], {})
            return
        policy = f"CREATE RETENTION POLICY {quoted(self._policy)} ON {database} DURATION {kept} REPLICATION 1"
        self.query([f"CREATE DATABASE {database}", policy], {})

    def _create_bucket(self) -> None:
        kept_s = self.address.keep_days * 86_400
        rules = BucketRetentionRules(type="expire", every_seconds=kept_s)  # type: ignore[no-untyped-call] # the client's
        try:
            self._client.buckets_api().create_bucket(
                bucket_name=self.address.bucket, org=self.address.org, retention_rules=rules
            )
        except ApiException as error:
            raise self._failed(f"does not let us make the bucket: {error.status} {_message(error.body)}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._failed(f"cannot be reached: {error}") from error

    def _create_database(self) -> None:
        url = f"{self.address.url}/api/v3/configure/database"
        try:
            kept = {"retention_period": f"{self.address.keep_days}d"} if self.address.keep_days else {}
            answer = self._pool.request("POST", url, json={"db": self._database, **kept}, headers=self._headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._failed(f"cannot be reached: {error}") from error
        if answer.status >= BAD_REQUEST:
            raise self._failed(f"does not let us make the database: {answer.status} {_message(answer.data)}")

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"the connection to InfluxDB at {self.address.url} is closed")

    def _failed(self, wrong: str) -> StoreUnavailable:
        return StoreUnavailable(f"InfluxDB at {self.address.url} (bucket {self.address.bucket}) {wrong}")


def _message(body: object) -> str:
    """What a refused write says: `error` in 1.8 and 3, `message` in 2.x."""
    try:
        told = json.loads(body) if isinstance(body, str | bytes) else {}
    except ValueError:
        return str(body).strip()
    if not isinstance(told, dict):
        return str(told)
    return str(told.get("message") or told.get("error") or "").strip()
