// Inlined into the notebook page.

// Whoever types has work to lose: ask the browser not to clear its storage by itself.
// Some browsers put the question to the reader, so not before there is a reason.
addEventListener("keydown", async () => {
  await navigator.storage?.persist?.();
  new BroadcastChannel("tinytorch-storage").postMessage("asked");
}, { once: true });

// Starts the kernel's worker at once, and hands it over when the kernel extension
// creates the first one.
if (!crossOriginIsolated) {
  const NativeWorker = Worker;
  const url = new URL("../static/pyodide/worker.mjs", location);
  let early = new NativeWorker(url, { type: "module" });
  window.Worker = class extends NativeWorker {
    constructor(script, options) {
      if (early && String(script).includes("/comlink.worker.")) {
        const worker = early;
        early = undefined;
        return worker;
      }
      super(script, options);
    }
  };
}
