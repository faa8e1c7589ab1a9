"""What a kernel does so that Stop ends a cell, whatever the cell is doing."""

import time

import pyodide_js
import pyodide_kernel
import tinytorch_tab

SLICE = 0.05  # seconds of sleep between two looks at whether to stop

_sleep = time.sleep


def sleep(seconds: float) -> None:
    """Sleep like `time.sleep`, which here does not hear an interrupt."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > SLICE:
        _sleep(SLICE)
        pyodide_js.checkInterrupt()
    _sleep(max(left, 0) if seconds >= 0 else seconds)


def install() -> None:
    """Listen from the first cell on, and end a cell that is interrupted in between."""
    time.sleep = sleep
    kernel = pyodide_kernel.kernel_instance
    run = kernel.run

    async def stoppable(code: str) -> dict:
        tinytorch_tab.listen()
        try:
            return await run(code)
        except KeyboardInterrupt:
            # It came outside the cell's own code, where the shell shows no error; not
            # answering would leave the cell running for ever.
            name = "KeyboardInterrupt"
            return {"status": "error", "ename": name, "evalue": "", "traceback": [name]}

    kernel.run = stoppable


install()
