// Tells the service worker to keep what this visit has fetched, for the time without a
// network. Only when Python is up: copying megabytes earlier would slow the start.

export async function keepForOffline(panel) {
  await panel.sessionContext.ready;
  await panel.sessionContext.session?.kernel?.info;
  const keep = () => {
    const addresses = performance.getEntriesByType("resource").map((entry) => entry.name);
    navigator.serviceWorker?.controller?.postMessage({
      tinytorch: "keep",
      addresses: [location.href, ...addresses].filter((name) => name.startsWith("http")),
    });
  };
  setTimeout(keep, 2000);
  // Data and packages that cells fetch later.
  setInterval(keep, 30000);
}
