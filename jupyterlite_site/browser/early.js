// Inlined into the notebook page: starts the kernel's worker at once, and hands it
// over when the kernel extension creates the first one.
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
