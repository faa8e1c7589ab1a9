// Serve measurements under Node: reads lines `row<tab>who`, answers each with a rate.
//   node node.mjs PYODIDE WORKLOADS PEERS
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";
import { start } from "./tab.mjs";

const [pyodide, workloads, peers] = process.argv.slice(2);
globalThis.require = createRequire(import.meta.url); // the peers' bundles expect it
for (const name of ["tf.js", "tf-wasm.js", "convnet.js"])
  runInThisContext(readFileSync(`${peers}/${name}`, "utf8"));
tf.wasm.setWasmPaths(`${peers}/`);
const url = `${pathToFileURL(pyodide)}/`;
const measure = await start(url, readFileSync(workloads, "utf8"));
console.log("ready");
for await (const line of createInterface({ input: process.stdin }))
  console.log(await measure(...line.split("\t")));
