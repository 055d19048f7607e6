"""Where in a document a value stands: JSONPath (RFC 9535). The door of `python-jsonpath`.

Whoever sends a document must not be able to keep us busy: a path descends (`..`) once at most, and knows no regular
expressions. Pure.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Final

from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.selectors import IndexSelector, NameSelector

from telemetry.errors import Invalid, Reason, Rejected

LONGEST: Final = 256
"""Characters of a path."""
MOST_VALUES: Final = 10_000
"""That one path may find in one document."""

_ALLOWED: Final = "a JSONPath of RFC 9535, such as $.soil.temperature or $.probes[1].value or $['Room 1']"


def _environment() -> JSONPathEnvironment:
    environment = JSONPathEnvironment(strict=True)
    # A pattern takes as long as who wrote the text it is held against wants it to.
    for name in ("match", "search"):
        environment.function_extensions.pop(name, None)
    return environment


_ENVIRONMENT: Final = _environment()


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path that has been read."""

    text: str
    keys: tuple[str | int, ...] | None
    """Of a path that names one place: names and positions from the outside in. None = it may find several values."""
    _query: JSONPath

    def values(self, document: object) -> list[object]:
        """What stands there, in the document's order; nothing where the document has no such place.

        Raises:
            Rejected: MALFORMED for a document that is nested too deeply, TOO_LARGE for more than `MOST_VALUES`.
        """
        if self.keys is not None:
            return _at(document, self.keys)
        if not isinstance(document, dict | list):
            return []
        try:
            found = list(islice(self._query.finditer(document), MOST_VALUES + 1))
        except (JSONPathError, RecursionError) as error:
            raise Rejected(Reason.MALFORMED, f"nested too deeply for {self.text}") from error
        if len(found) > MOST_VALUES:
            raise Rejected(Reason.TOO_LARGE, f"{self.text} finds more than {MOST_VALUES} values")
        return [match.obj for match in found]


def compiled(where: str, text: str) -> JsonPath:
    """Raise `Invalid`: what is wrong with the path and at which of its characters."""
    if len(text) > LONGEST:
        raise Invalid(where, f"a path of {len(text)} characters", f"at most {LONGEST}")
    try:
        query = _ENVIRONMENT.compile(text)
    except JSONPathError as error:
        raise Invalid(where, f"{text!r} is no JSONPath: {_words(error, text)}", _ALLOWED) from error
    if isinstance(query, CompoundJSONPath):
        raise Invalid(where, f"{text!r} is more than one path", _ALLOWED)
    if text.count("..") > 1:
        raise Invalid(where, f"{text!r} descends more than once", "'..' once at most")
    return JsonPath(text, _keys(query), query)


def _words(error: JSONPathError, text: str) -> str:
    index = -1 if error.token is None else error.token.index
    place = f"at character {index + 1}" if 0 <= index < len(text) else "at its end"
    return f"{error.message} {place}"


def _keys(query: JSONPath) -> tuple[str | int, ...] | None:
    if not query.singular_query():
        return None
    keys: list[str | int] = []
    for segment in query.segments:
        [selector] = segment.selectors
        if isinstance(selector, NameSelector):
            keys.append(selector.name)
        elif isinstance(selector, IndexSelector):
            keys.append(selector.index)
    return tuple(keys)


def _at(document: object, keys: tuple[str | int, ...]) -> list[object]:
    """The short way for a path that names one place: a twentieth of the library's time."""
    for key in keys:
        if isinstance(key, str):
            if not isinstance(document, dict) or key not in document:
                return []
            document = document[key]
        elif isinstance(document, list) and -len(document) <= key < len(document):
            document = document[key]
        else:
            return []
    return [document]
