"""Append-only files under a torn end, damage, a full disk and a second process."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.segments import MAGIC, Segments
from telemetry.errors import Conflict, SpoolUnavailable

PAYLOADS = [b"first", b"", b"third one"]
HEAD = 16
"""Bytes before the payload of each record."""
SMALL = 56
"""A segment size that a record or two fill."""


def written(folder: Path, payloads: list[bytes], *, segment_bytes: int = 1 << 20) -> None:
    segments = Segments(folder, segment_bytes=segment_bytes)
    assert [] == list(segments.scan())
    for payload in payloads:
        segments.append([payload])
    segments.close()


def scanned(folder: Path) -> tuple[list[tuple[int, bytes]], set[int], int]:
    """What is there, what is damaged, and the next position."""
    segments = Segments(folder)
    found = [(record.position, record.payload) for record in segments.scan()]
    segments.close()
    return found, segments.damaged, segments.next


def test_what_was_appended_is_there_again(tmp_path: Path) -> None:
    written(tmp_path, PAYLOADS)

    assert ([(1, b"first"), (2, b""), (3, b"third one")], set(), 4) == scanned(tmp_path)


def test_records_go_on_where_they_were_and_old_files_go_when_they_are_released(tmp_path: Path) -> None:
    written(tmp_path, PAYLOADS, segment_bytes=SMALL)
    segments = Segments(tmp_path, segment_bytes=SMALL)
    assert 3 == len(list(segments.scan()))
    first = segments.append([b"fourth", b"fifth"])
    segments.release(3)
    read = [segments.read(4), segments.read(5)]
    left = sorted(path.name for path in tmp_path.glob("*.spool"))
    segments.close()

    assert (4, [b"fourth", b"fifth"], ["00000000000000000004.spool"]) == (first, read, left)


def test_a_last_record_that_is_torn_at_any_byte_is_cut_off_and_the_others_stay(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    written(whole, PAYLOADS)
    (path,) = whole.glob("*.spool")
    content = path.read_bytes()
    ends = [len(MAGIC)]
    for payload in PAYLOADS:
        ends.append(ends[-1] + HEAD + len(payload))
    for size in range(len(content)):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / path.name).write_bytes(content[:size])
        kept = sum(size >= end for end in ends[1:])

        assert (list(enumerate(PAYLOADS[:kept], 1)), set(), kept + 1) == scanned(folder)
        assert (ends[kept] if size >= len(MAGIC) else 0) == (folder / path.name).stat().st_size


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(8, 200), bit=st.integers(0, 7), data=st.data())
def test_a_flipped_bit_costs_its_own_record_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int, data: st.DataObject
) -> None:
    """Damage at the very end looks like a record that was never whole, and is cut off as one."""
    payloads = data.draw(st.lists(st.binary(max_size=30), min_size=2, max_size=6))
    folder = tmp_path_factory.mktemp("segments")
    written(folder, payloads)
    (path,) = folder.glob("*.spool")
    content = bytearray(path.read_bytes())
    place = len(MAGIC) + (place - len(MAGIC)) % (len(content) - len(MAGIC))
    content[place] ^= 1 << bit
    path.write_bytes(content)
    hit, end = 0, len(MAGIC)
    while end <= place:
        hit, end = hit + 1, end + HEAD + len(payloads[hit])
    found, damaged, _ = scanned(folder)

    assert [(position, payload) for position, payload in enumerate(payloads, 1) if position != hit] == found
    assert (set() if hit == len(payloads) else {hit}) == damaged


def test_a_damaged_record_is_passed_over_and_its_file_is_kept(tmp_path: Path) -> None:
    written(tmp_path, PAYLOADS)
    (path,) = tmp_path.glob("*.spool")
    content = bytearray(path.read_bytes())
    content[len(MAGIC) + 8] ^= 1
    path.write_bytes(content)
    segments = Segments(tmp_path)
    found = [record.position for record in segments.scan()]
    read = [segments.read(1), segments.read(2)]
    segments.clear()
    segments.close()

    assert ([2, 3], [None, b""], {1}) == (found, read, segments.damaged)
    assert [path.with_suffix(".damaged")] == list(tmp_path.glob("*0*"))


def test_a_damaged_page_costs_the_records_that_lie_in_it_and_no_other(tmp_path: Path) -> None:
    """Also where it comes up while they are read."""
    payloads = [b"payload %d" % number for number in range(20)]
    written(tmp_path, payloads)
    (path,) = tmp_path.glob("*.spool")
    whole = path.read_bytes()
    size = (len(whole) - len(MAGIC)) // 20
    running = Segments(tmp_path)
    assert 20 == len(list(running.scan()))
    first, last = len(MAGIC) + 3 * size + 5, len(MAGIC) + 6 * size + 5
    path.write_bytes(whole[:first] + bytes(last - first) + whole[last:])
    read = [running.read(position) for position in range(1, 21)]
    running.close()
    again = Segments(tmp_path)
    scanned_again = [record.position for record in again.scan()]
    read_again = [again.read(position) for position in range(1, 21)]
    again.close()
    left = [None if 4 <= position <= 7 else payload for position, payload in enumerate(payloads, 1)]

    assert (left, {4, 5, 6, 7}) == (read, running.damaged)
    assert (left, {4, 5, 6, 7}) == (read_again, again.damaged)
    assert [position for position in range(1, 21) if not 4 <= position <= 7] == scanned_again


def test_what_the_disk_does_not_give_is_named(tmp_path: Path) -> None:
    (tmp_path / f"{1:020}.spool").mkdir()
    segments = Segments(tmp_path)
    with pytest.raises(SpoolUnavailable, match=f"{tmp_path} cannot be read: .*Is a directory"):
        list(segments.scan())
    segments.close()


FILL = """
import resource, sys
from pathlib import Path
from ingest.segments import Segments
from telemetry.errors import SpoolUnavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
segments = Segments(Path(sys.argv[1]))
assert [] == list(segments.scan())
told = 0
try:
    for _ in range(100):
        segments.append([b"x" * 100])
        told += 1
except SpoolUnavailable as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
segments.append([b"room again"])
print(told)
"""


def test_a_full_disk_is_told_and_what_was_promised_stays(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the write is cut short in the middle of a record."""
    run = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    told, promised = run.stdout.splitlines()
    found, damaged, _ = scanned(tmp_path)

    assert f"{tmp_path} does not take 116 bytes: File too large" == told
    assert ([b"x" * 100] * int(promised) + [b"room again"], set()) == ([payload for _, payload in found], damaged)


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    first = Segments(tmp_path)
    with pytest.raises(Conflict, match="in use by another process"):
        Segments(tmp_path)
    first.close()
    Segments(tmp_path).close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SpoolUnavailable, match=f"{tmp_path}/file cannot be used"):
        Segments(tmp_path / "file")
