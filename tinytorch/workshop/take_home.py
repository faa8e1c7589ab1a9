"""The student's own tinytorch to take home, a backup of their work, and handing in."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from tinytorch.utils import files
from tinytorch.workshop import archive, curriculum, session, store, view, wheel
from tinytorch.workshop.settings import course


class Download(view.Panel):
    """What making a file shows: where it lies, what is in it, a link that saves it."""

    def __init__(
        self, path: Path, what: str, rows: tuple[tuple[str, str], ...]
    ) -> None:
        super().__init__(f"{what} is in {path.name}", rows, view.GOOD)
        self._path = path

    def _repr_html_(self) -> str:
        data = base64.b64encode(self._path.read_bytes()).decode()
        link = (
            f"<a download='{escape(self._path.name)}' "
            f"href='data:application/zip;base64,{data}'>Download {self._path.name}</a>"
        )
        return f"{super()._repr_html_()}<p>{link}</p>"


def export(path: str | Path | None = None) -> Path:
    """Write a zip with your installable tinytorch and a backup; returns its path.

    It holds a wheel for `pip install`, a README that names your parts, and under
    `backup/` every saved part and notebook, for `restore`. The default place is beside
    the notebooks.
    """
    session.restore_parts()
    target = Path(path) if path else store.root().parent / store.ARCHIVE
    wheel_name, built = wheel.build_wheel(dict(wheel.package_files()))
    readme = _readme(wheel_name)
    own = {"README.md": readme.encode(), wheel_name: built}
    entries = own | archive.backup(_work(), {"kind": "export"})
    files.replace(target, archive.pack(entries))
    count = len(session.mine())
    rows = (
        ("yours", f"{count} of {len(curriculum.parts())} parts"),
        ("install", f"unzip it, then: pip install {wheel_name}"),
        (
            "restore",
            "in another browser, upload it there (File, Open), then: "
            f'workshop.restore("{target.name}")',
        ),
    )
    view.show(Download(target, "Your tinytorch", rows))
    return target


def hand_in(name: str, path: str | Path | None = None) -> Path:
    """Write the one file that you hand in under your name; returns its path.

    It holds your saved parts and notebooks, the course, the time and a check value, and
    `restore` reads it like an export. What is in it, what is missing and where it goes
    is shown. Parts are judged by whoever gets the file, not here.
    """
    who = " ".join(name.split())
    if not who:
        raise ValueError("hand_in() expects your name, got an empty one")
    session.restore_parts()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"kind": "hand-in", "name": who, "course": course().name, "time": now}
    letters = re.sub(r"[^\w]+", "-", f"{course().name} {who}").strip("-").lower()
    target = Path(path) if path else store.root().parent / f"{letters}.zip"
    work = _work()
    files.replace(target, archive.pack(archive.backup(work, about)))
    view.show(Download(target, f"What {who} hands in", _receipt(about, work)))
    return target


def _receipt(
    about: dict[str, str], work: dict[str, bytes]
) -> tuple[tuple[str, str], ...]:
    mine, lessons = session.mine(), [x for x in curriculum.lessons() if x.parts]
    shown = [lesson for lesson in lessons if course().shows(lesson.number)]
    missing = [p.address for x in shown for p in x.parts if p.address not in mine]
    counts = "\n".join(
        f"{sum(p.address in mine for p in lesson.parts)} of {len(lesson.parts)} parts "
        f"of {lesson.stem}"
        for lesson in shown
    )
    notebooks = sum(name.endswith(".ipynb") for name in work)
    return (
        ("course", about["course"]),
        ("time", about["time"]),
        ("in it", f"{counts}\n{notebooks} notebooks"),
        ("missing", "\n".join(missing) or "nothing"),
        *(("left aside", f"{name}: {why}") for name, why in session.aside().items()),
        ("check value", archive.check_value(about, work)),
        ("goes to", course().hand_in),
    )


@dataclass(frozen=True)
class _Arrival:
    """A file of an archive, and where it belongs on this machine."""

    target: Path
    body: bytes
    address: str = ""  # of a part


def restore(path: str | Path) -> list[str]:
    """Bring the work in an exported or handed-in zip back; returns the files it wrote.

    Only parts, lessons and milestones come back. A file that is there already with
    other contents stays; the backup's version is written beside it, with "restored" in
    its name. A notebook in which nothing was written yet gives way. Restored parts run:
    whose they are is said before. Raises ValueError, and writes nothing, for a file
    that is no export, or holds links, passwords, too much, or names that point outside.
    """
    contents = archive.read(Path(path), str(path))
    arrivals = [_arrival(name, body) for name, body in contents.files.items()]
    if not contents.files:
        raise ValueError(f"{path} is no export of the workshop: it holds no work")
    known = [arrival for arrival in arrivals if arrival is not None]
    left = contents.others + [
        name for name, a in zip(contents.files, arrivals, strict=True) if a is None
    ]
    view.show(_whose(contents, sum(bool(arrival.address) for arrival in known)))
    wrote = [str(target) for a in known for target in [_bring(a)] if target]
    session.restore_parts()
    rows = [
        ("files", f"{len(wrote)} written; what was there and differs was kept"),
        ("yours", f"{len(session.mine())} of {len(curriculum.parts())} parts"),
    ]
    rows += [("left in the zip", "\n".join(left))] if left else []
    view.show(view.Panel("Your work is back", tuple(rows), view.GOOD))
    return wrote


def _whose(contents: archive.Contents, parts: int) -> view.Panel:
    about = contents.about
    who = about.get("name") or "whoever exported it: the file has no name in it"
    rows = [("code of", who), ("runs now", f"{parts} parts, as they are checked again")]
    if about.get("time"):
        rows.append(("made", f"{about['time']} for {about.get('course', '')}"))
    if about and not contents.unchanged:
        rows.append(("changed", "its check value is not that of its files"))
    return view.Panel("Someone's code is about to run", tuple(rows))


def _arrival(name: str, body: bytes) -> _Arrival | None:
    """Return where a file goes; None for a Python file that is no part of the course.

    A part that was saved under a former name goes to its name today.
    """
    root = store.root()
    if _is_notebook(Path(name)):
        return _Arrival(root.parent / name, body)
    try:
        file = store.Saved(root.parent / name, body.decode()).today()
    except UnicodeDecodeError:
        return None
    if file.address not in curriculum.parts():
        return None
    target = store.path_of(file.address)
    return _Arrival(target, file.text.encode(), file.address)


def _bring(arrival: _Arrival) -> Path | None:
    """Write a file unless it is there; returns where it lies now."""
    target = arrival.target
    if target.exists() and target.read_bytes() == arrival.body:
        return None
    if target.exists() and not (_is_notebook(target) and store.untouched(target)):
        target = _beside(target)
    files.replace(target, arrival.body)
    return target


def _work() -> dict[str, bytes]:
    """Return saved parts and notebooks, by how they lie beside each other."""
    root = store.root()
    found = {
        f"{store.FOLDER}/{p.relative_to(root).as_posix()}": p
        for p in root.rglob("*.py")
    }
    for pattern in ("*.ipynb", "milestones/*.ipynb"):
        notebooks = (p for p in root.parent.glob(pattern) if not store.untouched(p))
        found |= {p.relative_to(root.parent).as_posix(): p for p in notebooks}
    return {name: found[name].read_bytes() for name in sorted(found)}


def _is_notebook(path: Path) -> bool:
    return path.suffix == ".ipynb"


def _beside(path: Path) -> Path:
    """Return another name: a notebook still opens, a part is no part any more."""
    if _is_notebook(path):
        return path.with_stem(f"{path.stem}-restored")
    return store.aside(path)


def _readme(wheel: str) -> str:
    mine = session.mine()
    rows = "\n".join(f"- `{address}`" for address in mine) or "- none yet"
    return (
        f"# My tinytorch\n\n{len(mine)} of its {len(curriculum.parts())} parts are "
        f"mine:\n\n{rows}\n\nInstall it anywhere with Python 3.11 or newer:\n\n"
        f"    pip install ./{wheel}\n\nThe folder `backup` holds my parts and "
        "notebooks; `workshop.restore` reads this\nvery file.\n"
    )
