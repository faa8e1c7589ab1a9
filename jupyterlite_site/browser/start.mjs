// JupyterLite's kernel loads this module in place of pyodide.mjs (`pyodideUrl` in
// lite/jupyter-lite.json). That gains two things:
//
// - Python starts as soon as the page's HTML is read (early.js), not only when the
//   notebook application is up.
// - The kernel's imports happen before the notebook drive is mounted. After that,
//   each would first ask the drive: one service-worker round trip a file.

import { listen } from "./interrupts.mjs";
import { loadPyodide as load } from "./pyodide.mjs";

const PACKAGES = $packages;

// stop.py and output.py, as the build wrote them in here.
const STOP = $stop;
const OUTPUT = $output;

const KERNEL = `
import sys

import piplite.piplite
import pyodide_kernel

# Names complete from the live objects: the site does not ship jedi.
pyodide_kernel.ipython_shell.Completer.use_jedi = False

# The notebook's folder comes last: imports of installed packages need not probe it.
sys.path[:] = [entry for entry in sys.path if entry] + [""]
`;

// A library that fails to import must not take the kernel with it: the reader's own
// import shows the error.
const LIBRARY = `
import contextlib

with contextlib.suppress(Exception):
    import tinytorch
`;

// Read by tests/benchmarks/cold_open.py.
function mark(stage) {
  console.debug("tinytorch:", stage, performance.timeOrigin + performance.now());
}

// For `tito doctor`, since Python here cannot wait for a browser's answer.
async function lookAtStorage() {
  self.storageKept = await navigator.storage?.persisted?.();
}

if (self.BroadcastChannel) {
  new BroadcastChannel("tinytorch-storage").onmessage = lookAtStorage;
}
lookAtStorage();

// The kernel logs a fatal error where no reader looks: tell the page as well.
function tellCrash(pyodide) {
  let kernels = () => {};
  Object.defineProperty(pyodide._api, "on_fatal", {
    set(handler) { kernels = handler; },
    get: () => (error) => {
      self.postMessage({ tinytorch: "crash", what: String(error?.message ?? error) });
      return kernels(error);
    },
  });
}

let started;

export function start() {
  const indexURL = new URL("./", import.meta.url).href;
  started ??= load({ indexURL, packages: PACKAGES }).then(async (pyodide) => {
    mark("pyodide");
    await pyodide.runPythonAsync(KERNEL);
    pyodide.registerJsModule("tinytorch_tab", { listen: () => listen(pyodide) });
    await pyodide.runPythonAsync(STOP, { globals: pyodide.toPy({ __name__: "tinytorch_stop" }) });
    await pyodide.runPythonAsync(OUTPUT, { globals: pyodide.toPy({ __name__: "tinytorch_output" }) });
    mark("kernel");
    await pyodide.runPythonAsync(LIBRARY);
    mark("import");
    return pyodide;
  });
  return started;
}

export async function loadPyodide({ stdout, stderr }) {
  const pyodide = await start();
  tellCrash(pyodide);
  pyodide.setStdout({ batched: stdout });
  pyodide.setStderr({ batched: stderr });
  return pyodide;
}
