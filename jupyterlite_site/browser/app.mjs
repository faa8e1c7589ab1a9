// The running notebook application, and the notebook that this page shows.

// Resolves as soon as the application exists: its plugins may still be starting.
export function application() {
  if (window.jupyterapp) return Promise.resolve(window.jupyterapp);
  return new Promise((done) => {
    // exposeAppInBrowser in lite/jupyter-lite.json; there is no event for it.
    Object.defineProperty(window, "jupyterapp", {
      configurable: true,
      set(app) {
        Object.defineProperty(window, "jupyterapp", { value: app, writable: true });
        done(app);
      },
    });
  });
}

// Resolves with the panel, or null on a page that shows no notebook.
export async function notebook(app) {
  await app.restored;
  let panel = app.shell.currentWidget;
  for (let tries = 0; !panel?.context && tries < 400; tries += 1) {
    await pause(50);
    panel = app.shell.currentWidget;
  }
  if (!panel?.context || !panel.sessionContext) return null;
  await panel.context.ready;
  return panel;
}

export function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

// Whether Python answers: not while it starts, and not after it has died.
export function answers(panel) {
  const { kernel } = panel.sessionContext.session ?? {};
  return Boolean(panel.sessionContext.isReady && kernel
    && !["unknown", "starting", "restarting", "dead"].includes(kernel.status));
}
