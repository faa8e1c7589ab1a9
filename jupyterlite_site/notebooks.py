"""Text notebooks (jupytext's percent format) to .ipynb, the same bytes every time."""

import hashlib
from pathlib import Path

import jupytext
import nbformat

KERNEL = {"name": "python", "display_name": "Python", "language": "python"}


def build(content: Path, out: Path) -> list[Path]:
    """Convert every ``content/**/*.py``; return the notebooks' paths under ``out``."""
    made = []
    for source in sorted(content.rglob("*.py")):
        relative = source.relative_to(content).with_suffix(".ipynb")
        target = out / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(to_notebook(source.read_text(), relative.as_posix()))
        made.append(relative)
    return made


def to_notebook(text: str, path: str) -> str:
    """Return the notebook's JSON: cell ids follow from ``path``, nothing is executed.

    The metadata carries a hash of the source, by which a reader's saved copy can be
    told from a newer lesson.
    """
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "tinytorch": {"source": hashlib.sha256(text.encode()).hexdigest()[:16]},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = hashlib.sha256(f"{path}#{number}".encode()).hexdigest()[:12]
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"
