"""Sparkplug B 3.0 on the wire: topics, payloads in protobuf, and the request for a rebirth. The door of `protobuf`.

    spBv1.0/<group>/NBIRTH|NDATA|NDEATH|NCMD/<edge node>
    spBv1.0/<group>/DBIRTH|DDATA|DDEATH|DCMD/<edge node>/<device>

    Payload   1 timestamp   2 metrics   3 seq
    Metric    1 name   2 alias   3 timestamp   4 datatype   5 is_historical   6 is_transient   7 is_null   9 properties
              10 int (32 bits)   11 long (64 bits)   12 float   13 double   14 boolean   15 string   16.. others

A birth names every metric, with its datatype and mostly an alias, by which data speak of it then. Times are
milliseconds. `protobuf` is loaded with the first payload, as few houses have one: it takes 7 MB.
"""

from functools import cache
from typing import Any, Final, NamedTuple

from telemetry.errors import Reason, Rejected

NAMESPACE: Final = "spBv1.0"
BIRTHS: Final = frozenset({"NBIRTH", "DBIRTH"})
DEATHS: Final = frozenset({"NDEATH", "DDEATH"})
REBIRTH: Final = "Node Control/Rebirth"
BIRTH_COUNT: Final = "bdSeq"
"""The metric that says which will belongs to which birth."""
SEQUENCE: Final = 256
"""Numbers from 0 on before they begin again."""
PLAIN: Final = frozenset({"float_value", "double_value", "boolean_value", "string_value"})
"""Fields of the wire that hold values of one kind; an integer may be signed or not."""
_BAD_QUALITIES: Final = frozenset({0, 500})
"""Of the property `Quality`: bad, stale."""


class Address(NamedTuple):
    """What a topic says."""

    group: str
    kind: str
    node: str
    device: str | None

    @property
    def leaf(self) -> str:
        """Who it is about: the device, else the edge node."""
        return self.node if self.device is None else self.device

    @property
    def command(self) -> str:
        """The topic on which the edge node listens."""
        return f"{NAMESPACE}/{self.group}/NCMD/{self.node}"


class Named(NamedTuple):
    """What a birth says of a metric."""

    name: str
    datatype: int


class Metric(NamedTuple):
    """One metric of a payload."""

    name: str | None
    alias: int | None
    at: int | None
    datatype: int
    """0 = it does not say."""
    field: str
    """Which field of the wire holds the value; empty = none does."""
    value: object
    historical: bool = False
    transient: bool = False
    null: bool = False
    bad: bool = False
    """The sender itself calls the value bad or stale."""


class Payload(NamedTuple):
    """One message."""

    at: int | None
    seq: int | None
    metrics: list[Metric]

    @property
    def birth_count(self) -> int | None:
        """Of a birth or a will; None = it has none."""
        for metric in self.metrics:
            if metric.name == BIRTH_COUNT and isinstance(metric.value, int):
                return metric.value
        return None


def is_short(metric: Metric) -> bool:
    """It has a value that without its datatype can be read in more than one way."""
    return not metric.datatype and bool(metric.field) and metric.field not in PLAIN


def address(topic: str) -> Address:
    """What a topic of this namespace says; for others it makes no sense."""
    _, group, kind, node, *device = topic.split("/")
    return Address(group, kind, node, device[0] if device else None)


def parsed(payload: bytes) -> Payload:
    """Raise `Rejected(MALFORMED)` for what is no payload of Sparkplug B."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - see above

    message = _payload_class()()
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        raise Rejected(Reason.MALFORMED, f"no payload of Sparkplug B: {error}") from error
    return Payload(
        _optional(message, "timestamp"), _optional(message, "seq"), [_metric(metric) for metric in message.metrics]
    )


def rebirth_request(at: int) -> bytes:
    """What is sent to an edge node so that it tells all of its metrics anew."""
    return written(Payload(at, None, [Metric(REBIRTH, None, at, 11, "boolean_value", value=True)]))


def written(payload: Payload) -> bytes:
    """On the wire."""
    message = _payload_class()()
    if payload.at is not None:
        message.timestamp = payload.at
    if payload.seq is not None:
        message.seq = payload.seq
    for metric in payload.metrics:
        row = message.metrics.add()
        name = None if metric.name is None else metric.name.encode()
        for title, value in (("name", name), ("alias", metric.alias), ("timestamp", metric.at)):
            if value is not None:
                setattr(row, title, value)
        if metric.datatype:
            row.datatype = metric.datatype
        flags = {"is_historical": metric.historical, "is_transient": metric.transient, "is_null": metric.null}
        for title in (title for title, flag in flags.items() if flag):
            setattr(row, title, True)
        if metric.bad:
            row.properties.keys.append(b"Quality")
            row.properties.values.add(type=3, int_value=0)
        if metric.field:
            text = metric.value.encode() if isinstance(metric.value, str) else None
            setattr(row, metric.field, metric.value if text is None else text)
    return bytes(message.SerializeToString())


def _metric(row: Any) -> Metric:  # noqa: ANN401 - a class that is made at run time
    field = row.WhichOneof("value") or ""
    value: Any = getattr(row, field) if field else None
    return Metric(
        _text(row.name) if row.HasField("name") else None,
        _optional(row, "alias"),
        _optional(row, "timestamp"),
        row.datatype,
        field,
        _text(value) if field == "string_value" else value,
        row.is_historical,
        row.is_transient,
        row.is_null,
        bad=row.HasField("properties") and _is_bad(row.properties),
    )


def _is_bad(properties: Any) -> bool:  # noqa: ANN401 - likewise
    pairs = zip(properties.keys, properties.values, strict=False)
    return any(
        key == b"Quality" and value.HasField("int_value") and value.int_value in _BAD_QUALITIES for key, value in pairs
    )


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Rejected(Reason.MALFORMED, f"{value[:40]!r} is no text in UTF-8") from error


def _optional(message: Any, name: str) -> Any:  # noqa: ANN401 - likewise
    return getattr(message, name) if message.HasField(name) else None


_VALUE: Final = (
    (10, "int_value", "uint32"),
    (11, "long_value", "uint64"),
    (12, "float_value", "float"),
    (13, "double_value", "double"),
    (14, "boolean_value", "bool"),
    (15, "string_value", "bytes"),
    (16, "bytes_value", "bytes"),
    # Data sets, templates and extensions hold no number: they stay what they are on the wire.
    (17, "dataset_value", "bytes"),
    (18, "template_value", "bytes"),
    (19, "extension_value", "bytes"),
)
_SCHEMA: Final = {
    "PropertyValue": ((1, "type", "uint32"), (3, "int_value", "uint32")),
    "PropertySet": ((1, "keys", "bytes"), (2, "values", "PropertyValue")),
    "Metric": (
        (1, "name", "bytes"),
        (2, "alias", "uint64"),
        (3, "timestamp", "uint64"),
        (4, "datatype", "uint32"),
        (5, "is_historical", "bool"),
        (6, "is_transient", "bool"),
        (7, "is_null", "bool"),
        (9, "properties", "PropertySet"),
        *_VALUE,
    ),
    "Payload": ((1, "timestamp", "uint64"), (2, "metrics", "Metric"), (3, "seq", "uint64")),
}
"""What of the schema is read. Text is bytes here: what is no UTF-8 is then ours to refuse."""
_MANY: Final = frozenset({"keys", "values", "metrics"})


@cache
def _payload_class() -> Any:  # noqa: ANN401 - likewise
    """Made of the table above: there is nothing to compile."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415 - see above

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="sparkplug", syntax="proto2")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for row in fields:
            number, title, kind = row
            label = kinds.LABEL_REPEATED if title in _MANY else kinds.LABEL_OPTIONAL
            field = message.field.add(name=title, number=number, label=label)
            if kind in _SCHEMA:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".sparkplug.{kind}"
            else:
                field.type = getattr(kinds, f"TYPE_{kind.upper()}")
            if row in _VALUE:
                field.oneof_index = 0
        if name == "Metric":
            message.oneof_decl.add(name="value")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("sparkplug.Payload"))
