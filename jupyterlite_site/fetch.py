"""Pinned downloads: a file is accepted by its hash, or not at all.

Fetched files live in a cache outside the checkout, under their own hash:
``$TINYTORCH_CACHE``, else ``$XDG_CACHE_HOME/tinytorch``, else ``~/.cache/tinytorch``.
npm and pip do the downloading, so a mirror or proxy set up for them is used here too.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from tinytorch.utils.files import cache_folder as cache_dir

PINS_FILE = Path(__file__).with_name("pins.toml")

PIP_DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
    *("--only-binary=:all:", "--ignore-requires-python"),
)
PURE_WHEELS = ("--implementation", "py", "--abi", "none", "--platform", "any")

#: Puts one file into the directory it is given and returns its path.
Download = Callable[[Path], Path]


class FetchError(RuntimeError):
    """A pinned file could not be had; the message says what to do."""


@dataclass(frozen=True)
class Digest:
    """A hash that a file must have: algorithm and lower-case hex digits."""

    algorithm: str
    hex: str

    @classmethod
    def from_integrity(cls, integrity: str) -> "Digest":
        """Read npm's notation, ``sha512-<base64>``."""
        algorithm, _, encoded = integrity.partition("-")
        return cls(algorithm, base64.b64decode(encoded).hex())

    @classmethod
    def of(cls, path: Path, algorithm: str) -> "Digest":
        """Hash the file at ``path``."""
        with path.open("rb") as file:
            return cls(algorithm, hashlib.file_digest(file, algorithm).hexdigest())

    @property
    def integrity(self) -> str:
        """The digest in npm's notation."""
        return f"{self.algorithm}-{base64.b64encode(bytes.fromhex(self.hex)).decode()}"

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


@dataclass(frozen=True)
class Source:
    """One place to get a file from; ``name`` is what messages call it."""

    name: str
    download: Download


@cache
def load_pins() -> dict:
    """Return pins.toml as a dictionary."""
    return tomllib.loads(PINS_FILE.read_text())


def fetch_pin(name: str) -> Path:
    """Return the verified archive pinned under ``[npm.name]`` or ``[pypi.name]``.

    Raises ``KeyError`` for an unknown name, ``FetchError`` if it cannot be had.
    """
    pins = load_pins()
    if pin := pins["npm"].get(name):
        source = Source("npm", lambda into: npm_pack(name, pin["version"], into))
        digest = Digest.from_integrity(pin["integrity"])
        file = f"{name.removeprefix('@').replace('/', '-')}-{pin['version']}.tgz"
    elif pin := pins["pypi"].get(name):
        source = Source("pip", lambda into: pip_download(name, pin, into))
        digest = Digest("sha256", pin["sha256"])
        file = f"{name}-{pin['version']}.zip"
    else:
        raise KeyError(f"no [npm.{name}] or [pypi.{name}] in {PINS_FILE.name}")
    return fetch(file, digest, [source])


def fetch_pyodide_wheel(file: str, sha256: str) -> Path:
    """Return an official Pyodide wheel, from the first pinned source that has it."""
    pins = load_pins()
    names = {"version": pins["npm"][pins["pyodide"]["npm"]]["version"], "file": file}
    sources = []
    for entry in pins["pyodide"]["sources"]:
        if "url" in entry:
            sources.append(url_source(entry["url"].format(**names)))
        else:
            sources.append(member_source(entry["pin"], entry["member"].format(**names)))
    return fetch(file, Digest("sha256", sha256), sources)


def fetch_requirements(lock: Path, python: str) -> list[Path]:
    """Return the pure-Python wheels that a pip lock with hashes names."""
    text = lock.read_text()
    kept = cache_dir() / "locks" / hashlib.sha256(text.encode()).hexdigest()
    if not _all_listed(kept, text):
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        print(f"fetching the wheels of {lock.name} from pip", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="partial-") as into:
            command = [*PIP_DOWNLOAD, "--require-hashes", *PURE_WHEELS]
            command += ["--python-version", python]
            _run([*command, "--requirement", str(lock.resolve())], Path(into))
            if not _all_listed(Path(into), text):
                raise FetchError(f"pip did not fetch what {lock.name} lists")
            os.replace(into, kept)
            Path(into).mkdir()  # what the context manager removes
    return sorted(kept.glob("*.whl"))


def _all_listed(directory: Path, lock_text: str) -> bool:
    hashes = [Digest.of(wheel, "sha256") for wheel in directory.glob("*.whl")]
    return len(hashes) == lock_text.count("==") and all(
        f"--hash={digest}" in lock_text for digest in hashes
    )


def fetch(file: str, digest: Digest, sources: Iterable[Source]) -> Path:
    """Return ``file`` from the cache, or from the first source with the right hash.

    Raises ``FetchError`` with one line that names every source and its failure.
    """
    kept = cache_dir() / digest.algorithm / digest.hex / file
    if kept.exists() and Digest.of(kept, digest.algorithm) == digest:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for source in sources:
        with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="partial-") as into:
            try:
                print(f"fetching {file} from {source.name}", file=sys.stderr)
                got = source.download(Path(into))
                _check(got, digest)
            except (FetchError, OSError) as error:
                failures.append(f"{source.name}: {error}")
                continue
            os.replace(got, kept)
            return kept
    raise FetchError(f"cannot fetch {file}: {'; '.join(failures)}")


def _check(path: Path, expected: Digest) -> None:
    got = Digest.of(path, expected.algorithm)
    if got != expected:
        raise FetchError(
            f"wrong hash, expected {expected}, got {got} (discarded; "
            "if the pinned version was changed on purpose, run `make pins`)"
        )


_unreachable: dict[str, str] = {}


def url_source(url: str) -> Source:
    """Return a source that reads ``url``; an unreachable host is not tried twice."""
    host = urlsplit(url).netloc or "local file"

    def download(into: Path) -> Path:
        if host in _unreachable:
            raise FetchError(_unreachable[host])
        path = into / "file"
        try:
            with urlopen(url, timeout=30) as response, path.open("wb") as file:
                shutil.copyfileobj(response, file)
        except HTTPError as error:
            raise FetchError(f"answered {error.code} {error.reason}") from error
        except (URLError, TimeoutError) as error:
            _unreachable[host] = (
                f"cannot be reached ({getattr(error, 'reason', error)})"
            )
            raise FetchError(_unreachable[host]) from error
        except HTTPException as error:
            raise FetchError(f"broke off ({error})") from error
        return path

    return Source(host, download)


def member_source(pin: str, member: str) -> Source:
    """Return a source that takes ``member`` out of a pinned wheel."""

    def download(into: Path) -> Path:
        path = into / "file"
        with zipfile.ZipFile(fetch_pin(pin)) as archive:
            if member not in archive.namelist():
                raise FetchError(f"has no {member}")
            with archive.open(member) as packed, path.open("wb") as file:
                shutil.copyfileobj(packed, file)
        return path

    return Source(pin, download)


def npm_pack(name: str, version: str, into: Path) -> Path:
    """Download a tarball with npm, from whichever registry npm is set up for."""
    if shutil.which("npm") is None:
        raise FetchError("npm is not on the PATH (install Node.js 20 or newer)")
    _run(["npm", "pack", "--silent", f"{name}@{version}"], into)
    return _only_file(into)


def pip_download(name: str, pin: dict, into: Path) -> Path:
    """Download a wheel with pip; a ``sha256`` of None takes what is served."""
    requirement = into / "requirement.txt"
    hashed = f" --hash=sha256:{pin['sha256']}" if pin["sha256"] else ""
    requirement.write_text(f"{name}=={pin['version']}{hashed}\n")
    command = [*PIP_DOWNLOAD, "--requirement", requirement.name]
    if "platform" in pin:
        command += ["--python-version", pin["python"], "--platform", pin["platform"]]
    _run(command, into)
    requirement.unlink()
    return _only_file(into)


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        reason = " / ".join(lines[:2]) or f"exit status {done.returncode}"
        raise FetchError(f"{command[0]} failed ({reason}); check the network")


def _only_file(directory: Path) -> Path:
    (path,) = directory.iterdir()
    return path
