// Run a Python file inside the site's own Pyodide, under Node:
//
//   node jupyterlite_site/run_in_pyodide.mjs DIST SCRIPT [ARGUMENTS …]
//   node jupyterlite_site/run_in_pyodide.mjs DIST -m MODULE [ARGUMENTS …]
//
// The current directory is mounted at /work: Python starts there and imports from it
// first, so that a checkout's tinytorch comes before the wheel's. Pure-Python packages
// that the site does not ship (pytest) are found last, in $PYTHON_PACKAGES if given.

import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const PACKAGES = ["numpy", "pillow", "tinytorch"];

const RUN = `
import runpy
import sys

sys.argv[:] = arguments
sys.path.insert(0, "/work")
sys.path.append("/packages")
try:
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
    status = 0
except SystemExit as stop:
    if isinstance(stop.code, str):
        print(stop.code, file=sys.stderr)
    status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
status
`;

const [dist, ...argv] = process.argv.slice(2);
if (!argv.length) {
  console.error("usage: run_in_pyodide.mjs DIST (SCRIPT | -m MODULE) [ARGUMENTS …]");
  process.exit(2);
}
const distribution = path.resolve(dist, "static/pyodide");
const { loadPyodide } = await import(pathToFileURL(`${distribution}/pyodide.mjs`));
const pyodide = await loadPyodide({
  indexURL: `${distribution}/`,
  packages: PACKAGES,
  // Node writes these in order, also when the process ends right after.
  stdout: (line) => process.stdout.write(`${line}\n`),
  stderr: (line) => process.stderr.write(`${line}\n`),
});
const mount = (root, where) => {
  pyodide.FS.mkdirTree(where);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, where);
};
mount(process.cwd(), "/work");
if (process.env.PYTHON_PACKAGES) mount(process.env.PYTHON_PACKAGES, "/packages");
pyodide.FS.chdir("/work");
pyodide.globals.set("arguments", pyodide.toPy(argv));
try {
  process.exitCode = await pyodide.runPythonAsync(RUN);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
