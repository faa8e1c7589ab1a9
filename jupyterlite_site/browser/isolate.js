// Inlined as the first script of JupyterLite's pages: the service worker is in front
// before anything else of the page runs.
//
// A page that it did not serve has no drive for the notebooks and no way to interrupt
// Python. Such a page registers the worker and loads itself once more; the landing page
// has mostly done so before, and then nobody sees it.

// Where the scripts of this page meet. `stoppable`: Python can be interrupted.
window.tinytorch = { stoppable: typeof SharedArrayBuffer === "function" };

{
  // The same address that JupyterLite registers, so that both mean one worker.
  const script = new URL("../service-worker.js?enableCache=false", location);
  const workers = navigator.serviceWorker;
  const RELOADED = "tinytorch-reloaded";
  const inFront = crossOriginIsolated && workers?.controller;

  // Resolves when the newest version of the worker answers for this site.
  const ready = async () => {
    const registration = await workers.register(script);
    const coming = registration.installing ?? registration.waiting;
    if (coming && coming.state !== "activated") {
      await new Promise((done) => {
        coming.addEventListener("statechange", () => {
          if (["activated", "redundant"].includes(coming.state)) done();
        });
      });
    }
    await workers.ready;
  };

  // Storage that a browser refuses throws on every touch.
  const recall = (name) => {
    try { return sessionStorage.getItem(name); } catch { return "refused"; }
  };

  if (inFront) {
    try { sessionStorage.removeItem(RELOADED); } catch { /* nothing to forget */ }
  } else if (workers && !recall(RELOADED)) {
    // Once: where isolation is not to be had, the page works without it.
    window.tinytorch.reloading = true;
    ready().then(
      () => {
        sessionStorage.setItem(RELOADED, "once");
        location.reload();
      },
      (error) => console.warn("tinytorch: no service worker:", String(error)),
    );
  }

  // JupyterLite unregisters every service worker of the origin when it meets a page
  // that one controls and does not remember its version: on everybody's second page.
  // The kernel then starts without the drive. Ours brings its own new versions.
  if (workers) workers.getRegistrations = async () => [];

  // Told of the isolation, JupyterLite would take another kernel worker than the one
  // that early.js has started.
  Object.defineProperty(window, "crossOriginIsolated", { value: false });
}
