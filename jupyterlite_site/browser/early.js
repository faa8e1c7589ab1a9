// Inlined into the notebook page. Starts the kernel's worker at once, and hands it over
// when the kernel extension creates the first one.
{
  const NativeWorker = Worker;
  const url = new URL("../static/pyodide/worker.mjs", location);

  // Every kernel of this tab, the first and those after a restart, listens to the byte.
  const start = () => {
    const worker = new NativeWorker(url, { type: "module" });
    if (window.tinytorch.stoppable) {
      window.tinytorch.interrupts ??= new Uint8Array(new SharedArrayBuffer(1));
      window.tinytorch.interrupts[0] = 0;
      worker.postMessage({ tinytorch: "interrupts", buffer: window.tinytorch.interrupts });
    }
    const crashed = (what) => {
      window.dispatchEvent(new CustomEvent("tinytorch-crash", { detail: { what } }));
    };
    worker.addEventListener("error", ({ message }) => crashed(message ?? "a file is missing"));
    worker.addEventListener("message", ({ data }) => {
      if (data?.tinytorch === "crash") crashed(data.what);
    });
    return worker;
  };

  let early = window.tinytorch.reloading ? undefined : start();
  window.Worker = class extends NativeWorker {
    constructor(script, options) {
      if (String(script).includes("/comlink.worker.")) {
        const worker = early ?? start();
        early = undefined;
        return worker;
      }
      super(script, options);
    }
  };
}
