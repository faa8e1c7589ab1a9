"""Find the browser that the tests drive, or install Debian's."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
)
INSTALL = (
    ["apt-get", "update", "-qq"],
    ["apt-get", "install", "-y", "-qq", "chromium"],
)


def find() -> str | None:
    """Return the path of a Chromium on the PATH, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright):
    """Start the browser headless, with no host in reach but this machine."""
    path = find()
    if path is None:
        raise RuntimeError(f"no browser found ({', '.join(NAMES)}); run `make test`")
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def main() -> None:
    """Make sure there is a browser, or say in one line what to do."""
    if find():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(
            f"make: no browser found ({', '.join(NAMES)}); install Chromium, "
            "then run make again"
        )
    print("installing chromium with apt-get", flush=True)
    for command in INSTALL:
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"make: `{' '.join(command)}` failed; install Chromium by hand")


if __name__ == "__main__":
    main()
