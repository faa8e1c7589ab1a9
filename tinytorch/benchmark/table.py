"""A table of text, for a terminal and for a notebook."""

from html import escape


class Table:
    """Rows under named columns; numbers to the right, with thousands separated."""

    def __init__(self, *columns: str) -> None:
        self.columns = list(columns)
        self.rows: list[list[object]] = []

    def add(self, *cells: object) -> None:
        """Add a row; raises ValueError unless it has a cell for every column."""
        if len(cells) != len(self.columns):
            raise ValueError(f"expected cells for {self.columns}, got {len(cells)}")
        self.rows.append(list(cells))

    def __repr__(self) -> str:
        lines, columns = self._lines(), []
        for side, *column in zip(self._sides(), *lines, strict=True):
            align = str.rjust if side == "right" else str.ljust
            width = max(map(len, column))
            columns.append([align(cell, width) for cell in column])
        return "\n".join(
            "  ".join(line).rstrip() for line in zip(*columns, strict=True)
        )

    def _repr_html_(self) -> str:
        html = ""
        for i, line in enumerate(self._lines()):
            tag = "td" if i else "th"
            html += "<tr>"
            for cell, side in zip(line, self._sides(), strict=True):
                html += f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>'
            html += "</tr>"
        return f"<table>{html}</table>"

    def _lines(self) -> list[list[str]]:
        """Return the columns' names and all cells as text."""
        return [self.columns, *([_text(cell) for cell in row] for row in self.rows)]

    def _sides(self) -> list[str]:
        """Return where each column stands: "right" if it holds numbers, or gaps."""
        number = int | float | None
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        numeric = (all(isinstance(cell, number) for cell in c) for c in columns)
        return ["right" if right else "left" for right in numeric]


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.3g}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
