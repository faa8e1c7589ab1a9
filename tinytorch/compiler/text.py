"""A module as text: the instructions, below the lines that they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinytorch.compiler.instructions import BLOCKS, INDEXED, Body


def module_text(bodies: Sequence[Body]) -> str:
    """Return WebAssembly's text format, which any tool for it reads."""
    lines = ["(module", '  (import "env" "memory" (memory 0))']
    for number, body in enumerate(bodies):
        export = ' (export "kernel")' if number == 0 else ""
        parameters = [f"(param ${n} {t})" for n, t in body.parameters.items()]
        head = " ".join([f"(func ${body.name}{export}", *parameters])
        lines.append(f"  {head} (result {body.result})")
        lines += [f"    (local ${name} {t})" for name, t in body.locals.items()]
        lines += [f"    {line}" for line in _code(body)]
        lines.append("  )")
    return "\n".join([*lines, ")"])


def _code(body: Body) -> Iterator[str]:
    depth = 0
    for name, *rest in body.code:
        if name in ("end", "else"):
            depth -= 1
        yield "  " * depth + _instruction(str(name), rest)
        if name in BLOCKS or name == "else":
            depth += 1


def _instruction(name: str, rest: Sequence[str | int | float]) -> str:
    if name == "comment":
        return f";; {rest[0]}"
    if name == "f32x4.const":
        return f"v128.const f32x4 {' '.join([_float(float(rest[0]))] * 4)}"
    if name == "f32.const":
        return f"f32.const {_float(float(rest[0]))}"
    if name in BLOCKS:
        return f"{name} (result {rest[0]})" if rest else name
    if name in INDEXED and isinstance(rest[0], str):
        return f"{name} ${rest[0]}"
    if name.endswith((".load", ".store")):
        return f"{name} offset={rest[0]} align=4" if rest[0] else f"{name} align=4"
    return " ".join([name, *map(str, rest)])


def _float(value: float) -> str:
    return repr(value).replace("nan", "nan").replace("inf", "inf")
