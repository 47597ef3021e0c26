"""Two small pieces of the formats of TensorFlow: the checksum of TFRecord, and protobuf's wire format.

Checksums are CRC-32C, "masked" as TFRecord has it (rotated right by 15 bits, plus a constant). Of protobuf only what a
saved dataset needs: numbers, and fields that are bytes, strings, messages or packed lists.
"""

import functools
from collections.abc import Iterator

import numpy as np


def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    return table.astype(np.uint32)


_TABLE = _byte_table()
_TABLE_LIST = _TABLE.tolist()
_LANE = 128  # bytes each lane of the vectorised checksum runs through


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

    A long input is cut into lanes that advance together; as the checksum is linear, two neighbours are joined by
    advancing the left one over as many zeros as the right one is long. That makes pure NumPy some 30 times faster than
    a loop over the bytes.
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
    columns = np.ascontiguousarray(padded.reshape(lanes, _LANE).T)  # (bytes of a lane, lanes)
    state = np.zeros(lanes, dtype=np.uint32)
    for column in columns:
        state = _TABLE[(state ^ column) & 0xFF] ^ (state >> np.uint32(8))
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
