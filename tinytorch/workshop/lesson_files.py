"""A student's copy of a lesson: where it is, how to open it, how to start afresh."""

import sys
from pathlib import Path

import tinytorch
from tinytorch.utils import browser, files
from tinytorch.utils.display import in_notebook
from tinytorch.workshop import notebooks, store
from tinytorch.workshop.curriculum import Lesson

IN_BROWSER = sys.platform == "emscripten"

# The page, not Python, holds what was typed since the notebook was last saved: it
# saves, renames and opens the site's version, which a local copy would hide.
_RESET_PAGE = """
(async () => {
  const { serviceManager, shell } = window.jupyterapp;
  const widgets = [...shell.widgets("main")];
  const open = widgets.find((widget) => widget.context?.path === "$path");
  const { contents } = serviceManager;
  // This is an output itself. Saved with the notebook, it would run again there, and
  // put the new version in place of what was kept.
  if (await contents.get("$kept", { content: false }).catch(() => null)) return;
  for (const { outputs } of open?.content.model.cells ?? []) {
    if (outputs && JSON.stringify(outputs.toJSON()).includes("$kept")) outputs.clear();
  }
  if (open) await open.context.save();
  await contents.rename("$path", "$kept");
  if (open) window.location.replace("?path=$path");
})();
"""


def checkout() -> Path | None:
    """Return the repository's folder, if this package runs from one."""
    folder = Path(tinytorch.__file__).parent.parent
    here = (folder / "Makefile").is_file() and (folder / "content").is_dir()
    return folder if here else None


def sources() -> Path | None:
    """Return the folder of the lessons' text: the checkout's, or the wheel's own."""
    root = checkout()
    folder = root / "content" if root else Path(tinytorch.__file__).parent / "content"
    return folder if folder.is_dir() else None


def place(stem: str) -> Path:
    """Return where the student's copy of a notebook lies: beside the saved parts."""
    return store.root().parent / f"{stem}.ipynb"


def link(stem: str) -> str:
    """Return the address that opens a notebook of this site."""
    return f"{browser.site_url()}notebooks/index.html?path={stem}.ipynb"


def fresh(stem: str) -> str | None:
    """Return a lesson's notebook as a student first gets it, if its text is here."""
    folder = sources()
    if folder is None:
        return None
    text = (folder / f"{stem}.py").read_text(encoding="utf-8")
    return notebooks.to_notebook(text, f"{stem}.ipynb")


def reset(lesson: Lesson) -> Path | None:
    """Put the student's copy aside and bring the original back.

    Returns where the copy is now, or None if there was none. Raises FileNotFoundError
    if the original cannot be had, and then changes nothing.
    """
    path = place(lesson.stem)
    kept = _free_name(path)
    if IN_BROWSER:
        _reset_in_page(path.name, kept.name)
        return kept
    text = fresh(lesson.stem)
    if text is None:
        raise FileNotFoundError(
            "the lessons' text did not come with this package: run this in a checkout "
            f"of the repository, or delete {path.name} and take it from the site again"
        )
    if path.exists():
        path.rename(kept)
    files.replace(path, text.encode())
    return kept if kept.exists() else None


def _reset_in_page(name: str, kept: str) -> None:
    if not in_notebook():
        raise FileNotFoundError("expected a notebook page to reset it in, got none")
    from IPython.display import Javascript, display

    code = _RESET_PAGE.replace("$path", name).replace("$kept", kept)
    display(Javascript(code))


def _free_name(path: Path) -> Path:
    """Return a name beside `path` that no file has: `02_tensor-mine-1.ipynb`."""
    numbers = range(1, 1000)
    names = (path.with_stem(f"{path.stem}-mine-{number}") for number in numbers)
    return next(name for name in names if not name.exists())
