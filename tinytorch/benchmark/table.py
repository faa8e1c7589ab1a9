"""A table of text, for a terminal and for a notebook."""

from collections.abc import Iterable, Sequence
from html import escape


class Table:
    """Rows under named columns; numbers to the right, with thousands separated."""

    def __init__(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]] = ()
    ) -> None:
        self.columns = list(columns)
        self.rows: list[list[object]] = []
        for row in rows:
            self.add(*row)

    def add(self, *cells: object) -> None:
        """Add a row; raises ValueError unless it has a cell for every column."""
        if len(cells) != len(self.columns):
            raise ValueError(
                f"expected {len(self.columns)} cells {self.columns}, got {len(cells)}"
            )
        self.rows.append(list(cells))

    def __repr__(self) -> str:
        lines = [self.columns, *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        right = self._numeric()
        return "\n".join(
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for cell, width, number in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        align = ["right" if number else "left" for number in self._numeric()]
        lines = [self.columns, *([_text(cell) for cell in row] for row in self.rows)]
        body = [
            "".join(
                f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>'
                for cell, side in zip(line, align, strict=True)
            )
            for tag, line in zip(["th", *["td"] * len(self.rows)], lines, strict=True)
        ]
        rows = "".join(f"<tr>{line}</tr>" for line in body)
        return f"<table>{rows}</table>"

    def _numeric(self) -> list[bool]:
        """Return for each column whether it holds numbers, or gaps."""
        return [
            all(isinstance(row[i], int | float) or row[i] is None for row in self.rows)
            for i in range(len(self.columns))
        ]


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.3g}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
