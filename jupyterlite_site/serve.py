"""Serve the built site: ``python -m jupyterlite_site.serve``."""

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .build import DIST


class Handler(SimpleHTTPRequestHandler):
    """Static files below a path prefix, as a course's web server would serve them."""

    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".ipynb": "application/json",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".webp": "image/webp",
        ".whl": "application/octet-stream",
    }

    def __init__(self, *args, prefix: str = "/", quiet: bool = True, **kwargs):
        self.prefix = prefix
        self.quiet = quiet
        self.tag = ""
        super().__init__(*args, **kwargs)

    def send_head(self):
        """Answer 404 outside the prefix; inside, serve the file below it."""
        if not self.path.startswith(self.prefix):
            self.send_error(404)
            return None
        self.path = "/" + self.path.removeprefix(self.prefix)
        # The build sets every modification time to one date: only the tag counts.
        del self.headers["If-Modified-Since"]
        self.tag = self._tag()
        if self.tag and self.headers["If-None-Match"] == self.tag:
            self.send_response(304)
            self.end_headers()
            return None
        return super().send_head()

    def end_headers(self):
        """Let a rebuilt site show at once: browsers ask again, and 304 is cheap."""
        self.send_header("Cache-Control", "no-cache")
        if self.tag:
            self.send_header("ETag", self.tag)
        super().end_headers()

    def _tag(self) -> str:
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            return ""
        state = file.stat()
        return f'"{state.st_ctime_ns:x}-{state.st_size:x}"'

    def log_message(self, *args):
        """Log requests only if asked to."""
        if not self.quiet:
            super().log_message(*args)


def server(directory: Path, port: int = 0, prefix: str = "/") -> ThreadingHTTPServer:
    """Return a bound server for ``directory`` below ``prefix``; port 0 is any free."""
    handler = partial(Handler, directory=str(directory), prefix=prefix)
    bound = ThreadingHTTPServer(("127.0.0.1", port), handler)
    bound.daemon_threads = True
    return bound


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--prefix", default="/")
    options = parser.parse_args()
    try:
        httpd = server(DIST, options.port, options.prefix)
    except OSError as error:
        sys.exit(f"make serve: port {options.port}: {error.strerror}; try PORT=8001")
    print(f"TinyTorch is at http://127.0.0.1:{httpd.server_port}{options.prefix}")
    print("Stop with Ctrl+C.", flush=True)
    try:
        httpd.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
