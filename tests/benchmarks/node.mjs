// Serve measurements under Node: reads lines `row<tab>who`, answers each with
// `answer: ` and a rate; peers print lines of their own.
//   node node.mjs PYODIDE WORKLOADS PEERS
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { start } from "./tab.mjs";

const [pyodide, workloads, peers] = process.argv.slice(2);
const ours = createRequire(import.meta.url);

// Run a peer's bundle as a CommonJS module; `window` is an object only for those that
// ask for nothing else of a browser.
function load(name, window) {
  const module = { exports: {} };
  const require = (id) => (id === "@tensorflow/tfjs-core" ? globalThis.tf : ours(id));
  const names = ["module", "exports", "require", "__dirname", "window"];
  const run = new Function(...names, readFileSync(`${peers}/${name}`, "utf8"));
  run(module, module.exports, require, peers, window);
  return module.exports;
}
globalThis.convnetjs = load("convnet.js", {});
globalThis.tf = load("tf.js");
load("tf-wasm.js").setWasmPaths(`${peers}/`);

const url = `${pathToFileURL(pyodide)}/`;
const measure = await start(url, readFileSync(workloads, "utf8"));
console.log("answer: ready");
for await (const line of createInterface({ input: process.stdin }))
  console.log(`answer: ${await measure(...line.split("\t"))}`);
