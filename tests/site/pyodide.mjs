// Run Python in the site's own Pyodide, under Node:
//   node pyodide.mjs PYODIDE ROOT SCRIPT [ARGUMENT...]
// PYODIDE is the distribution's directory; ROOT is mounted and is the first place
// where Python looks for modules, but for tinytorch, which comes from its wheel.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [pyodide, root, script, ...args] = process.argv.slice(2);
const indexURL = resolve(pyodide) + "/";
const { loadPyodide } = await import(pathToFileURL(indexURL + "pyodide.mjs"));
const python = await loadPyodide({ indexURL, env: { PYTHONDONTWRITEBYTECODE: "1" } });
await python.loadPackage(["numpy", "tinytorch"], { messageCallback: () => {} });
python.FS.mkdirTree("/mnt/root");
python.FS.mount(python.FS.filesystems.NODEFS, { root }, "/mnt/root");
python.globals.set("ARGS", python.toPy([script, ...args]));
python.runPython("import sys, tinytorch; sys.path.insert(0, '/mnt/root'); sys.argv = ARGS");
await python.runPythonAsync(readFileSync(script, "utf8"));
