"""Saved TensorFlow datasets without TensorFlow: reading a stream of elements, and writing the same format.

ADTOF-YT is distributed as the output of `tf.data.Dataset.save`. On disk that is a folder

    dataset_spec.pb                                structure of an element
    snapshot.metadata                              the valid run, the number of elements
    <run>/00000000.shard/00000000.snapshot         the elements, one or more shards

where a snapshot file is TFRecord framing (u64 length, u32 checksum of the length, data, u32 checksum of the data,
little-endian) around one TensorProto for each component of an element. Only the necessary part of the protobuf wire
format is read: numbers, and fields that are bytes, strings, messages or packed lists. Memory holds one element at a time.

Checksums are CRC-32C, "masked" as in TFRecord (rotated right by 15 bits, plus a constant). Those of the data of an element of
ADTOF-YT cost 0.7 to 1 ms, as much as the rest of preparing it.
"""

import functools
import hashlib
import io
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adtlib.corpora.base import CorpusError


def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    return table.astype(np.uint32)


_TABLE = _byte_table()
_TABLE_LIST = _TABLE.tolist()
# The same for two bytes at once.
_TWO_BYTES = np.arange(1 << 16, dtype=np.uint32)
for _ in range(2):
    _TWO_BYTES = _TABLE[_TWO_BYTES & 0xFF] ^ (_TWO_BYTES >> np.uint32(8))
_LANE = 32  # bytes each lane of the vectorised checksum runs through


@functools.lru_cache(maxsize=64)
def _shift_tables(log2_bytes: int) -> np.ndarray:
    """(4, 256) tables that advance a checksum over 2**log2_bytes zero bytes, one table for each of its four bytes."""
    values = np.arange(256, dtype=np.uint32)
    if log2_bytes == 0:
        lifted = np.stack([values << np.uint32(8 * byte) for byte in range(4)])
        return _TABLE[lifted & 0xFF] ^ (lifted >> np.uint32(8))
    half = _shift_tables(log2_bytes - 1)
    return _shift(half, half)


def _shift(state: np.ndarray, tables: np.ndarray) -> np.ndarray:
    shifted = tables[0][state & 0xFF]
    for byte in range(1, 4):
        shifted = shifted ^ tables[byte][(state >> np.uint32(8 * byte)) & 0xFF]
    return shifted


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """CRC-32C (Castagnoli) of `data`.

    A long input is cut into lanes that advance together. As the checksum is linear, two neighbours are joined by advancing
    the left one over as many zeros as the right one is long. NumPy is so some 30 times faster than a loop over the bytes.
    """
    size = len(data)
    if size < 4 * _LANE:
        state = 0xFFFFFFFF
        for byte in bytes(data):
            state = _TABLE_LIST[(state ^ byte) & 0xFF] ^ (state >> 8)
        return state ^ 0xFFFFFFFF
    lanes = -(-size // _LANE)
    padded = np.zeros(lanes * _LANE, dtype=np.uint8)
    padded[-size:] = np.frombuffer(data, dtype=np.uint8)  # zeros in front do not change a checksum that starts at 0
    padded[len(padded) - size : len(padded) - size + 4] ^= 0xFF  # the same as starting at 0xFFFFFFFF
    columns = np.ascontiguousarray(padded.view("<u2").reshape(lanes, _LANE // 2).T)  # (pairs of bytes of a lane, lanes)
    state = np.zeros(lanes, dtype=np.uint32)
    for column in columns:
        state = _TWO_BYTES[(state ^ column) & 0xFFFF] ^ (state >> np.uint32(16))
    log2_bytes = _LANE.bit_length() - 1
    while len(state) > 1:
        if len(state) % 2:
            state = np.concatenate([np.zeros(1, dtype=np.uint32), state])
        state = _shift(state[0::2], _shift_tables(log2_bytes)) ^ state[1::2]
        log2_bytes += 1
    return int(state[0]) ^ 0xFFFFFFFF


def masked_crc(data: bytes | bytearray | memoryview) -> int:
    """The checksum as TFRecord stores it."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _read_varint(buffer: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = buffer[position]  # an IndexError here is a message that ends too early
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
        if shift > 63:
            raise ValueError("a number longer than 64 bits")


def fields(buffer: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of a message, in order; a value is an int or the bytes of a string, message or packed list."""
    position = 0
    while position < len(buffer):
        key, position = _read_varint(buffer, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, position = _read_varint(buffer, position)
        elif wire_type in (1, 2, 5):
            size = {1: 8, 5: 4}.get(wire_type)
            if size is None:
                size, position = _read_varint(buffer, position)
            value, position = buffer[position : position + size], position + size
            if position > len(buffer):
                raise ValueError("a field that ends after its message")
        else:
            raise ValueError(f"wire type {wire_type}, which is not in use")
        yield number, value


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF  # negative numbers are written as 64-bit two's complement
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def int_field(number: int, value: int) -> bytes:
    """A field that holds a number; negative ones become 64-bit two's complement."""
    return _varint(number << 3) + _varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """A field that holds bytes: a string, a message or a packed list."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


# TensorFlow's DataType numbers of the types that a corpus of features can hold.
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 9: "<i8", 19: "<f2"}
# Version of the snapshot format: 2 is a plain TFRecord file.
FORMAT_VERSION = 2
_HEADER, _CRC = 12, 4  # bytes before and after a record's data
_PARTIAL = "unfinished"
_REMEDY = "download this split again, or save it again uncompressed with tf.data.Dataset.save"


def _shape(message: memoryview) -> list[int]:
    """Sizes in a TensorShapeProto; an open size is -1."""
    sizes = []
    for number, dimension in fields(message):
        if number == 2:
            size = dict(fields(dimension)).get(1, 0)
            sizes.append(size - (1 << 64) if size >> 63 else size)
    return sizes


def _shape_message(sizes: Iterable[int]) -> bytes:
    return b"".join(bytes_field(2, int_field(1, size)) for size in sizes)


def _tensor(data: bytearray) -> np.ndarray:
    """The array in a TensorProto, a writable view of `data`."""
    parts = dict(fields(memoryview(data)))
    if parts.get(1) not in DTYPES:
        raise ValueError(f"tensor type {parts.get(1)}, which is none of {sorted(DTYPES)}")
    if 4 not in parts:
        raise ValueError("a tensor without tensor_content")
    array = np.frombuffer(parts[4], dtype=DTYPES[parts[1]])
    shape = _shape(parts.get(2, memoryview(b"")))
    if array.size != int(np.prod(shape)):
        raise ValueError(f"{array.size} values in a tensor of shape {tuple(shape)}")
    return array.reshape(shape)


def _dtype_number(dtype: np.dtype) -> int:
    for number, name in DTYPES.items():
        if np.dtype(name) == dtype:
            return number
    raise ValueError(f"arrays of type {dtype} cannot be saved; convert them to one of {sorted(DTYPES.values())}")


# --- reading ---------------------------------------------------------------------------------------------------------


class _Metadata(NamedTuple):
    """Contents of snapshot.metadata: folder of the valid run, components of an element, number of elements if stated."""

    run: str
    n_components: int
    n_elements: int | None


def _read_metadata(folder: Path) -> _Metadata:
    path = folder / "snapshot.metadata"
    try:
        parts = dict(fields(memoryview(path.read_bytes())))
        run = bytes(memoryview(parts[2])).decode()
        types = parts[5]
        n_components = 1 if isinstance(types, int) else len(types)  # packed; each type's number is below 128: one byte
        n_elements = int(parts.get(6, 0))
    except OSError:
        raise CorpusError(f"{folder}: no snapshot.metadata, so this is no complete saved dataset; {_REMEDY}") from None
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise CorpusError(f"{path}: damaged, it does not name a run and its types ({error!r}); {_REMEDY}") from None
    # An unknown number is stored as a negative one, which reads as a very large one.
    return _Metadata(run, n_components, n_elements if 0 < n_elements < 1 << 63 else None)


def _snapshot_files(folder: Path, metadata: _Metadata) -> list[Path]:
    """The snapshot files of the run that the metadata names, shards in number order; other runs are leftovers."""
    files = sorted((folder / metadata.run).glob("*.shard/*.snapshot"))
    if not files:
        raise CorpusError(f"{folder}: no file {metadata.run}/*.shard/*.snapshot; {_REMEDY}")
    return files


def _record_length(file: io.BufferedReader, path: Path, size: int) -> int | None:
    """Length of the record that starts here, None at the end of the file; else CorpusError."""
    offset = file.tell()
    header = file.read(_HEADER)
    if not header:
        return None
    if len(header) == _HEADER:
        length, crc = struct.unpack("<QI", header)
        if masked_crc(header[:8]) != crc:
            raise CorpusError(f"{path}: damaged or compressed at byte {offset} (the checksum is wrong); {_REMEDY}")
        if offset + _HEADER + length + _CRC <= size:
            return length
    raise CorpusError(f"{path}: truncated in the record that starts at byte {offset} of {size}; {_REMEDY}")


def _read_arrays(path: Path) -> Iterator[np.ndarray | CorpusError]:
    """The array of each record; of one whose data are damaged the error, as the next can still be read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while (length := _record_length(file, path, size)) is not None:
            offset = file.tell() - _HEADER
            data = bytearray(length)
            file.readinto(data)
            (crc,) = struct.unpack("<I", file.read(_CRC))
            if masked_crc(data) != crc:
                yield CorpusError(f"{path}: damaged in the record at byte {offset} (its checksum is wrong); {_REMEDY}")
                continue
            try:
                yield _tensor(data)
            except (ValueError, IndexError, TypeError) as error:
                yield CorpusError(f"{path}: no readable tensor at byte {offset}: {error}; {_REMEDY}")


def read_saved_dataset(folder: Path | str, damaged: Callable[[CorpusError], None]) -> Iterator[list[np.ndarray]]:
    """The elements of a saved dataset, in the order of its files, each a list of one array for each component.

    damaged  is told of an element with damaged data, which is then left out.

    All that can be read is yielded before an error is raised: CorpusError names the file, the byte and the remedy if a file is
    missing, truncated, compressed or damaged, or if there are fewer elements than the metadata states.
    """
    folder = Path(folder)
    metadata = _read_metadata(folder)
    found = 0
    for path in _snapshot_files(folder, metadata):
        element = []
        for array in _read_arrays(path):
            element.append(array)
            if len(element) < metadata.n_components:
                continue
            errors = [part for part in element if isinstance(part, CorpusError)]
            if errors:
                damaged(errors[0])
            else:
                yield element
            element = []
            found += 1
        if element:
            raise CorpusError(f"{path}: ends within an element, at byte {path.stat().st_size}; {_REMEDY}")
    if metadata.n_elements is not None and found < metadata.n_elements:
        place = f"{path}: truncated at byte {path.stat().st_size}"
        raise CorpusError(f"{place}, with {found} of {metadata.n_elements} elements; {_REMEDY}")


def count_elements(folder: Path | str) -> int:
    """Number of elements as stated by the dataset, else counted in its files; no tensor is decoded."""
    folder = Path(folder)
    metadata = _read_metadata(folder)
    files = _snapshot_files(folder, metadata)
    if metadata.n_elements is not None:
        return metadata.n_elements
    records = 0
    for path in files:
        size = path.stat().st_size
        with path.open("rb") as file:
            while (length := _record_length(file, path, size)) is not None:
                file.seek(length + _CRC, io.SEEK_CUR)
                records += 1
    return records // metadata.n_components


# --- writing ---------------------------------------------------------------------------------------------------------


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def _tensor_message(array: np.ndarray) -> bytes:
    number = _dtype_number(array.dtype)
    content = np.ascontiguousarray(array, dtype=DTYPES[number]).tobytes()
    return int_field(1, number) + bytes_field(2, _shape_message(array.shape)) + bytes_field(4, content)


def _dataset_spec(form: list[tuple[tuple[int, ...], int]]) -> bytes:
    """The structure of ADTOF-YT's elements: a tuple of {"x": features, of any number of frames} and the rest."""
    values = []
    for index, (shape, dtype) in enumerate(form):
        sizes = (-1, *shape[1:]) if index == 0 else shape
        value = bytes_field(33, bytes_field(2, _shape_message(sizes)) + int_field(3, dtype))
        if index == 0:
            value = bytes_field(53, bytes_field(1, bytes_field(1, b"x") + bytes_field(2, value)))
        values.append(bytes_field(1, value))
    return bytes_field(52, b"".join(values))


def write_saved_dataset(folder: Path | str, elements: Iterable[list[np.ndarray]]) -> None:
    """Write `elements` (each a list of arrays, all of the same shapes and types) as a saved dataset of one shard, in a new folder.

    The result depends on the elements alone: the name of the run is derived from their checksum, and no time is stored.
    `snapshot.metadata` is written last, so that a killed writer leaves nothing that seems complete. Raises ValueError if
    the elements differ in shape or type, or if there are none, FileExistsError if there is a folder of this name.
    """
    folder = Path(folder)
    partial = folder / _PARTIAL
    folder.mkdir(parents=True)
    shard = partial / "00000000.shard"
    shard.mkdir(parents=True)
    digest = hashlib.sha256()
    form, count = None, 0
    with (shard / "00000000.snapshot").open("wb") as file:
        for element in elements:
            arrays = [np.asarray(array) for array in element]
            this_form = [(array.shape, _dtype_number(array.dtype)) for array in arrays]
            if form is not None and this_form != form:
                raise ValueError(f"{folder}: element {count} has shapes and types {this_form}, the first one {form}")
            form, count = this_form, count + 1
            for array in arrays:
                record = _record(_tensor_message(array))
                digest.update(record)
                file.write(record)
    if not form:
        raise ValueError(f"{folder}: a saved dataset needs at least one element")
    run = str(int.from_bytes(digest.digest()[:8], "little"))
    partial.rename(folder / run)
    (folder / "dataset_spec.pb").write_bytes(_dataset_spec(form))
    metadata = bytes_field(2, run.encode()) + int_field(4, FORMAT_VERSION)
    metadata += bytes_field(5, bytes(dtype for _, dtype in form)) + int_field(6, count) + int_field(1000, 1)
    (folder / "snapshot.metadata").write_bytes(metadata)
