"""Saved TensorFlow datasets: ADTOF-YT is 26 GB in this format, and a file that was cut short must not pass for whole."""

import contextlib
import shutil
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from adtlib.corpora.base import CorpusError
from adtlib.corpora.tfdata import bytes_field, count_elements, crc32c, fields, int_field, read_saved_dataset, write_saved_dataset

HEADER, CRC = 12, 4


def elements(number, seed=0, n_frames=6):
    rng = np.random.default_rng(seed)
    for _ in range(number):
        yield [rng.random((n_frames, 84, 1), dtype=np.float32), rng.integers(0, 2, (n_frames, 5)).astype(np.float32)]


def snapshot(folder) -> Path:
    [path] = folder.glob("*/*.shard/*.snapshot")
    return path


def assert_same(got, wanted):
    assert len(got) == len(wanted)
    for element, other in zip(got, wanted, strict=True):
        for array, expected in zip(element, other, strict=True):
            np.testing.assert_array_equal(array, expected)
            assert array.dtype == expected.dtype


def read(folder):
    """The elements of a dataset in which none is damaged."""

    def refuse(error):
        raise error

    return read_saved_dataset(folder, refuse)


def collect(folder):
    """(elements before the error, the error's text or "")."""
    found = []
    try:
        found.extend(read(folder))
    except CorpusError as error:
        return found, str(error)
    return found, ""


@pytest.fixture
def saved(tmp_path):
    write_saved_dataset(tmp_path / "set", elements(3))
    return tmp_path / "set"


# --- checksum and wire format ----------------------------------------------------------------------------------------


def test_crc32c_of_published_examples():
    # RFC 3720, appendix B.4, and the check value of the polynomial's catalogue entry
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"") == 0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(0, 5000))
def test_the_checksum_in_lanes_equals_the_one_byte_by_byte(seed, size):
    data = np.random.default_rng(seed).bytes(size)
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    assert crc32c(data) == state ^ 0xFFFFFFFF


@given(number=st.integers(1, 2000), value=st.integers(-(2**63), 2**63 - 1), text=st.binary(max_size=300))
def test_fields_survive_writing_and_reading(number, value, text):
    message = memoryview(int_field(number, value) + bytes_field(number + 1, text))
    (first, got), (second, data) = fields(message)
    assert (first, got, second, bytes(data)) == (number, value % 2**64, number + 1, text)


@settings(max_examples=60)
@given(st.binary(max_size=60))
def test_rubbish_ends_in_an_error_or_in_fields_never_in_an_endless_loop(data):
    with contextlib.suppress(ValueError, IndexError):
        list(fields(memoryview(data)))


# --- writing and reading ---------------------------------------------------------------------------------------------


def test_what_is_written_reads_back(saved):
    assert_same(list(read(saved)), list(elements(3)))
    assert count_elements(saved) == 3


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "uint8"])
def test_other_types_and_numbers_of_components_read_back_too(tmp_path, dtype):
    wanted = [[np.arange(12).reshape(3, 4).astype(dtype)], [np.arange(12, 24).reshape(3, 4).astype(dtype)]]
    write_saved_dataset(tmp_path / "set", wanted)
    assert_same(list(read(tmp_path / "set")), wanted)


def test_arrays_can_be_worked_on_in_place(saved):
    features, _ = next(read(saved))
    features += 1


def test_equal_elements_give_equal_bytes_and_other_elements_another_run(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_saved_dataset(tmp_path / name, elements(2, seed))
    files = {
        name: {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in "abc"
    }
    assert files["a"] == files["b"]
    assert snapshot(tmp_path / "a").parts[-3] != snapshot(tmp_path / "c").parts[-3]


def test_a_folder_that_is_there_is_left_as_it_is(saved):
    (saved / "me.jpg").write_text("precious")
    with pytest.raises(FileExistsError):
        write_saved_dataset(saved, elements(1, seed=9))
    assert_same(list(read(saved)), list(elements(3)))
    assert (saved / "me.jpg").read_text() == "precious"


def test_a_killed_writer_leaves_nothing_that_reads_as_whole(tmp_path):
    def killed():
        yield from elements(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_saved_dataset(tmp_path / "set", killed())
    found, error = collect(tmp_path / "set")
    assert found == [] and "no snapshot.metadata" in error


def test_what_cannot_be_saved_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one element"):
        write_saved_dataset(tmp_path / "none", [])
    with pytest.raises(ValueError, match="element 1 has shapes"):
        write_saved_dataset(tmp_path / "uneven", [*elements(1), *elements(1, n_frames=7)])
    with pytest.raises(ValueError, match="complex"):
        write_saved_dataset(tmp_path / "complex", [[np.zeros(3, complex)]])


def test_shards_are_read_in_number_order_and_other_runs_are_leftovers(saved):
    path = snapshot(saved)
    whole = path.read_bytes()
    size = len(whole) // 3
    for index in range(3):
        shard = path.parent.parent / f"{index:08d}.shard"
        shard.mkdir(exist_ok=True)
        (shard / "00000000.snapshot").write_bytes(whole[index * size : (index + 1) * size])
    leftover = saved / "123" / "00000000.shard"
    leftover.mkdir(parents=True)
    (leftover / "00000000.snapshot").write_bytes(b"half a download")
    assert_same(list(read(saved)), list(elements(3)))


def test_without_a_stated_number_the_records_are_counted(saved):
    path = saved / "snapshot.metadata"
    parts = dict(fields(memoryview(path.read_bytes())))
    path.write_bytes(bytes_field(2, bytes(parts[2])) + bytes_field(5, bytes(parts[5])) + int_field(6, -1))
    assert count_elements(saved) == 3
    assert len(list(read(saved))) == 3


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 5, 100, 2000, 3000])
def test_a_truncated_file_yields_what_is_whole_then_names_file_byte_and_remedy(saved, lost):
    path = snapshot(saved)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - lost])
    found, error = collect(saved)
    n_whole = (len(data) - lost) // (len(data) // 3)
    assert_same(found, list(elements(3))[:n_whole])
    assert str(path) in error and "truncated" in error and "byte" in error and "download this split again" in error


def test_a_file_that_ends_between_two_records_is_noticed_too(saved):
    path = snapshot(saved)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    found, error = collect(saved)
    assert len(found) == 1 and "1 of 3 elements" in error
    (length,) = struct.unpack("<Q", data[:8])
    path.write_bytes(data[: HEADER + length + CRC])
    found, error = collect(saved)
    assert found == [] and "within an element" in error


def test_a_damaged_length_does_not_ask_for_petabytes(saved):
    path = snapshot(saved)
    data = bytearray(path.read_bytes())
    data[5] ^= 0xFF
    path.write_bytes(data)
    found, error = collect(saved)
    assert found == [] and "damaged or compressed at byte 0" in error


def test_an_element_with_damaged_data_is_told_and_left_out(saved):
    path = snapshot(saved)
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    errors = []
    assert_same(list(read_saved_dataset(saved, errors.append)), list(elements(3))[1:])
    assert len(errors) == 1 and "record at byte 0 " in str(errors[0]) and "checksum" in str(errors[0])


@pytest.mark.parametrize("content", [b"", b"\x12", b"\xff" * 12, b"\x08\x01", b"\x10\x05\x28\x01"])
def test_damaged_metadata_is_named(saved, content):
    (saved / "snapshot.metadata").write_bytes(content)
    for look in (count_elements, lambda folder: list(read(folder))):
        with pytest.raises(CorpusError, match=r"snapshot\.metadata: damaged.*download"):
            look(saved)


def test_missing_parts_are_named(saved, tmp_path):
    shutil.rmtree(snapshot(saved).parent)
    assert "shard" in collect(saved)[1]
    assert "no snapshot.metadata" in collect(tmp_path / "nowhere")[1]


# --- the real samples ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_what_is_written_equals_what_tensorflow_wrote_byte_by_byte(real_data, tmp_path, split):
    source = real_data / "adtof" / f"adtof_yt_{split}"
    write_saved_dataset(tmp_path / "set", read(source))
    assert snapshot(tmp_path / "set").read_bytes() == snapshot(source).read_bytes()
    assert (tmp_path / "set" / "dataset_spec.pb").read_bytes() == (source / "dataset_spec.pb").read_bytes()
    ours, theirs = (dict(fields(memoryview((folder / "snapshot.metadata").read_bytes()))) for folder in (tmp_path / "set", source))
    differ = {2, 3}  # name of the run, time of writing
    assert {number: ours[number] for number in ours if number not in differ} == {
        number: theirs[number] for number in theirs if number not in differ
    }


def test_memory_does_not_grow_with_the_file(tmp_path):
    write_saved_dataset(tmp_path / "set", elements(200, n_frames=40))
    tracemalloc.start()
    try:
        n_read = sum(1 for _ in read(tmp_path / "set"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n_read == 200
    assert peak < 0.1 * snapshot(tmp_path / "set").stat().st_size
