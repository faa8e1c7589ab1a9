"""The instructions of WebAssembly that kernels use, and how they become bytes.

A module is a list of sections; each begins with its number and its length. Numbers are
written in LEB128: seven bits a byte, and the eighth says that more follow.
https://webassembly.github.io/spec/core/binary/
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

#: Value types, by the byte that stands for them.
VALUE_TYPES = {"i32": 0x7F, "f32": 0x7D, "v128": 0x7B}
#: Instructions without anything behind them. Those above 0xFF begin with 0xFD.
PLAIN = {
    "return": 0x0F,
    "select": 0x1B,
    "else": 0x05,
    "end": 0x0B,
    "i32.eqz": 0x45,
    "i32.eq": 0x46,
    "i32.ne": 0x47,
    "i32.lt_s": 0x48,
    "i32.gt_s": 0x4A,
    "i32.gt_u": 0x4B,
    "i32.le_s": 0x4C,
    "i32.le_u": 0x4D,
    "i32.ge_s": 0x4E,
    "i32.ge_u": 0x4F,
    "i32.add": 0x6A,
    "i32.sub": 0x6B,
    "i32.mul": 0x6C,
    "i32.div_s": 0x6D,
    "i32.div_u": 0x6E,
    "i32.rem_s": 0x6F,
    "i32.or": 0x72,
    "i32.shl": 0x74,
    "f32.eq": 0x5B,
    "f32.ne": 0x5C,
    "f32.lt": 0x5D,
    "f32.gt": 0x5E,
    "f32.le": 0x5F,
    "f32.ge": 0x60,
    "f32.abs": 0x8B,
    "f32.neg": 0x8C,
    "f32.floor": 0x8E,
    "f32.sqrt": 0x91,
    "f32.add": 0x92,
    "f32.sub": 0x93,
    "f32.mul": 0x94,
    "f32.div": 0x95,
    "f32.convert_i32_s": 0xB2,
    "f32.reinterpret_i32": 0xBE,
    "i32x4.splat": 0xFD11,
    "f32x4.splat": 0xFD13,
    "f32x4.floor": 0xFD68,
    "i32x4.shl": 0xFDAB,
    "i32x4.add": 0xFDAE,
    "f32x4.abs": 0xFDE0,
    "f32x4.neg": 0xFDE1,
    "f32x4.sqrt": 0xFDE3,
    "f32x4.add": 0xFDE4,
    "f32x4.sub": 0xFDE5,
    "f32x4.mul": 0xFDE6,
    "f32x4.div": 0xFDE7,
    "f32x4.pmin": 0xFDEA,
    "f32x4.pmax": 0xFDEB,
    "i32x4.trunc_sat_f32x4_s": 0xFDF8,
}
BLOCKS = {"block": 0x02, "loop": 0x03, "if": 0x04}
INDEXED = {
    "br": 0x0C,
    "br_if": 0x0D,
    "call": 0x10,
    "local.get": 0x20,
    "local.set": 0x21,
    "local.tee": 0x22,
}
MEMORY = {
    "i32.load": 0x28,
    "f32.load": 0x2A,
    "i32.store": 0x36,
    "f32.store": 0x38,
    "v128.load": 0xFD00,
    "v128.store": 0xFD0B,
}
#: An instruction's name and what stands behind it; "comment" is for readers only.
Instruction = tuple[str | int | float, ...]


@dataclass
class Body:
    """The instructions of one function, and its variables with their types."""

    name: str
    parameters: dict[str, str]
    result: str
    locals: dict[str, str] = field(default_factory=dict)
    code: list[Instruction] = field(default_factory=list)


def module(bodies: Sequence[Body]) -> bytes:
    """Return a WebAssembly module that imports its memory, and exports the first body.

    The first section marks a side module without memory or tables of its own, which
    is what Emscripten's dlopen expects.
    """
    functions = {body.name: number for number, body in enumerate(bodies)}
    types = [
        b"\x60"
        + _vector(bytes([VALUE_TYPES[t]]) for t in body.parameters.values())
        + _vector([bytes([VALUE_TYPES[body.result]])])
        for body in bodies
    ]
    side = _name("dylink.0") + _section(1, bytes(4))
    memory = _name("env") + _name("memory") + b"\x02\x00\x00"
    return b"".join(
        [
            b"\0asm\x01\0\0\0",
            _section(0, side),
            _section(1, _vector(types)),
            _section(2, _vector([memory])),
            _section(3, _vector(_unsigned(n) for n in range(len(bodies)))),
            _section(7, _vector([_name("kernel") + b"\x00\x00"])),
            _section(10, _vector(_function(body, functions) for body in bodies)),
        ]
    )


def _function(body: Body, functions: dict[str, int]) -> bytes:
    names = {name: i for i, name in enumerate([*body.parameters, *body.locals])}
    runs = groupby(body.locals.values())  # so many variables of one type at a time
    own = [_unsigned(len(list(run))) + bytes([VALUE_TYPES[t]]) for t, run in runs]
    code = b"".join(_bytes(i, names, functions) for i in body.code)
    whole = _vector(own) + code + bytes([PLAIN["end"]])
    return _unsigned(len(whole)) + whole


def _bytes(
    instruction: Instruction, names: dict[str, int], functions: dict[str, int]
) -> bytes:
    name, *rest = instruction
    match str(name), rest:
        case "comment", _:
            return b""
        case "i32.const", [int() as value]:
            return b"\x41" + _signed(value)
        case "f32.const", [float() as value]:
            return b"\x43" + struct.pack("<f", value)
        case "f32x4.const", [float() as value]:
            return _opcode(0xFD0C) + struct.pack("<f", value) * 4
        case "f32x4.extract_lane" | "i32.trunc_sat_f32_s" as op, _:
            lane = bytes(int(lane) for lane in rest)
            return (_opcode(0xFD1F) if lane else b"\xfc\x00") + lane
        case op, [str() as target] if op in INDEXED:
            table = functions if op == "call" else names
            return _opcode(INDEXED[op]) + _unsigned(table[target])
        case op, [int() as depth] if op in INDEXED:
            return _opcode(INDEXED[op]) + _unsigned(depth)
        case op, [int() as offset] if op in MEMORY:
            return _opcode(MEMORY[op]) + b"\x02" + _unsigned(offset)
        case op, _ if op in BLOCKS:
            result = VALUE_TYPES[str(rest[0])] if rest else 0x40
            return _opcode(BLOCKS[op]) + bytes([result])
        case op, []:
            return _opcode(PLAIN[op])
    raise AssertionError(instruction)


def _opcode(number: int) -> bytes:
    return bytes([number]) if number < 0x100 else b"\xfd" + _unsigned(number & 0xFF)


def _unsigned(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _signed(number: int) -> bytes:
    out = bytearray()
    while not -0x40 <= number < 0x40:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number & 0x7F])


def _name(text: str) -> bytes:
    return _unsigned(len(text)) + text.encode()


def _vector(items: Iterable[bytes]) -> bytes:
    items = list(items)
    return _unsigned(len(items)) + b"".join(items)


def _section(number: int, content: bytes) -> bytes:
    return bytes([number]) + _unsigned(len(content)) + content
