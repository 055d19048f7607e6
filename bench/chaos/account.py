"""Sent against stored: what every fault is judged by.

Pure, but for `read_back`, which asks a store that no worker has open any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bench.chaos.sender import DEVICES, METRIC, device_of, value_of
from telemetry.metrics import METRICS
from telemetry.model import Fold, LedgerLine, Quality, Reading
from telemetry.store.ports import Cursor, FoldQuery, Member, RawQuery, ReadingReader
from telemetry.window import edges, parse

FORGETS_S = 3.0
"""A broker that saves every second may forget, when it is killed, what it acknowledged so shortly before."""
_READ_S = 0.5
"""Its last acknowledgements are read a moment after its death."""
AHEAD_MS = 43_200_000
"""A reading whose device's clock was so far ahead when it was received has to be flagged CLOCK."""
_PAGE = 100_000


@dataclass(frozen=True, slots=True)
class Account:
    """All in readings; the last three by the house's own ledger."""

    sent: int
    """Acknowledged to the sender by the broker, each once."""
    stored: int
    """Of those, how many stand in the store with the value that was sent."""
    lost: int
    forgotten: int
    """Of the lost, acknowledged just before the broker was killed: it had not saved them, and no worker saw them."""
    doubled: int
    """Rows beyond one per reading, in pages or in folds."""
    unasked: int
    """Stored, and never acknowledged to the sender; none when all was acknowledged."""
    misflagged: int
    """CLOCK where the device's clock was right, or not CLOCK where it was a day ahead."""
    clock_flagged: int
    duplicates: int
    quarantined: int
    in_flight: int
    ledger_off: int
    """Stored by the ledger minus distinct readings in the store; 0 = exact."""

    @property
    def clean(self) -> bool:
        """Nothing lost in the house, nothing doubled, nothing left behind, and the ledger says so."""
        lost = self.lost - self.forgotten
        return not any(
            (lost, self.doubled, self.misflagged, self.quarantined, self.in_flight, self.ledger_off, self.unasked)
        )


def settled(  # noqa: PLR0913 - everything that is compared
    times: Sequence[int],
    acknowledged: Mapping[int, float],
    rows: Sequence[Reading],
    counted: int,
    ledger: LedgerLine,
    *,
    kills: Sequence[float] = (),
) -> Account:
    """Compare.

    Args:
        times: By number, the time that the sent reading names.
        acknowledged: By number, when the broker acknowledged it.
        rows: Everything that the store gives back.
        counted: Readings that took part in the store's folds, suspect ones too.
        ledger: Fates by the house's own count.
        kills: When the broker was killed, on the clock of `acknowledged`.
    """
    numbers = {(device_of(number), at): number for number, at in enumerate(times)}
    found: set[int] = set()
    misflagged = flagged = 0
    for row in rows:
        number = numbers.get((row.device, row.at), -1)
        if number >= 0 and row.value == value_of(number):
            found.add(number)
        marked = bool(row.quality & Quality.CLOCK)
        flagged += marked
        misflagged += marked != (row.at - row.received_at > AHEAD_MS)
    distinct = len({(row.device, row.at) for row in rows})
    sent = set(acknowledged)
    lost = sent - found
    return Account(
        sent=len(sent),
        stored=len(found & sent),
        lost=len(lost),
        forgotten=sum(any(-_READ_S <= kill - acknowledged[number] <= FORGETS_S for kill in kills) for number in lost),
        doubled=max(len(rows), counted) - distinct,
        unasked=distinct - len(found & sent),
        misflagged=misflagged,
        clock_flagged=flagged,
        duplicates=ledger.duplicate,
        quarantined=ledger.quarantined,
        in_flight=ledger.in_flight,
        ledger_off=ledger.stored - distinct,
    )


def read_back(store: ReadingReader) -> tuple[list[Reading], int]:
    """Every row of the numbered devices, and how many readings their folds by the hour count."""
    devices = tuple(device_of(number) for number in range(DEVICES))
    rows: list[Reading] = []
    after: Cursor | None = None
    while True:
        page = store.raw(RawQuery((METRIC,), devices, 0, 2**62, _PAGE, after))
        rows += page
        if len(page) < _PAGE:
            break
        after = Cursor(page[-1].at, page[-1].metric, page[-1].device)
    if not rows:
        return rows, 0
    hours = edges(parse("1h", ZoneInfo("UTC")), rows[0].at, rows[-1].at + 1)
    members = tuple(Member(device, "all") for device in devices)
    (folded,) = store.folded([FoldQuery(METRICS[METRIC], members, hours, Fold.MEAN, Fold.MEAN, suspect=True)])
    return rows, sum(sum(line.count) for line in folded)
