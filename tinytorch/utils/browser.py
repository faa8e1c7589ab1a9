"""What the package needs from a browser: files of the site, read synchronously.

Python runs in a web worker there, where a synchronous request is allowed and leaves
the page responsive. The modules `js` and `pyodide_js` exist only inside Pyodide.
"""

import hashlib

PYODIDE = "static/pyodide/"


def site_url() -> str:
    """Return the address of the site's root, ending in a slash, from Pyodide's own."""
    import pyodide_js  # type: ignore[import-not-found]

    base = str(pyodide_js.lockfileBaseUrl)
    if not base.endswith(PYODIDE):
        raise RuntimeError(f"expected <site>/{PYODIDE}, got {base}; set TINYTORCH_DATA")
    return base.removesuffix(PYODIDE)


def get(url: str, fresh: bool = False) -> bytes:
    """Return the contents of `url`; `fresh` makes the browser ask the server first.

    Raises `FileNotFoundError` for an address that the server does not have, and
    `ConnectionError` when it cannot be reached or answers with another error.
    """
    try:
        from js import XMLHttpRequest  # type: ignore[import-not-found]
    except ImportError:
        raise ConnectionError(f"expected a browser to fetch {url}, got none") from None
    from pyodide.ffi import JsException  # type: ignore[import-not-found]

    request = XMLHttpRequest.new()
    request.open("GET", url, False)
    request.responseType = "arraybuffer"
    if fresh:
        request.setRequestHeader("Cache-Control", "no-cache")
    try:
        request.send()
    except JsException as error:
        raise ConnectionError(f"cannot reach {url}; are you online?") from error
    if request.status == 404:
        raise FileNotFoundError(f"the site has no {url}; was it built with its data?")
    if request.status != 200:
        raise ConnectionError(f"{url} expected status 200, got {request.status}")
    return request.response.to_bytes()


def load_package(name: str) -> None:
    """Install a wheel of the site's Pyodide distribution, now.

    A kernel loads only what a cell imports by name, and only before the cell runs; a
    library that imports late has to fetch for itself.
    """
    import pyodide_js  # type: ignore[import-not-found]

    entry = pyodide_js.lockfile.packages.to_py()[name]
    wheel = get(str(pyodide_js.lockfileBaseUrl) + entry["file_name"])
    got = hashlib.sha256(wheel).hexdigest()
    if got != entry["sha256"]:
        raise OSError(f"{entry['file_name']} expected {entry['sha256']}, got {got}")
    pyodide_js.unpackArchive(pyodide_js.toPy(wheel), "wheel")
