// The site's service worker. It stands in front of JupyterLite's own, which the last
// line brings in and which answers what notebooks ask of their drive.
//
// It does two things to every other request of this site:
//
// - Pages and workers get the headers that make a tab cross-origin isolated. Static
//   hosts cannot send them, and without them no kernel can be interrupted.
// - What was fetched once is kept for the time without a network. With one, the
//   network is always asked first, so that a new version of the site shows at once.

const KEPT = "tinytorch-kept";
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};
const SITE = new URL("./", location.href);
// Addresses that were fetched and are not compared with what is kept yet. Keeping
// waits for a page to say that it is ready: until then it would slow the start.
const fetched = new Set();

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !ours(url)) return;
  // Only the first listener may answer: JupyterLite's must not see this request.
  event.stopImmediatePropagation();
  event.respondWith(answer(request, url));
});

self.addEventListener("message", (event) => {
  if (event.data?.tinytorch !== "keep") return;
  for (const address of event.data.addresses) {
    const url = new URL(address);
    if (ours(url)) fetched.add(plain(url));
  }
  event.waitUntil(keepFetched());
});

function ours(url) {
  const inside = url.origin === SITE.origin && url.pathname.startsWith(SITE.pathname);
  return inside && !/\/api\/(drive|stdin|service-worker-heartbeat)/.test(url.pathname);
}

// JupyterLite adds `?_=hash` and `?path=name`, which a static host does not look at.
function plain(url) {
  return url.origin + url.pathname;
}

async function answer(request, url) {
  let response;
  try {
    response = await fetch(request);
    if (response.ok) fetched.add(plain(url));
  } catch (error) {
    response = await caches.match(plain(url));
    if (!response) return request.mode === "navigate" ? offline() : Response.error();
  }
  return needsIsolation(request) ? isolated(response) : response;
}

function needsIsolation({ destination }) {
  return destination === "document" || destination === "iframe" || destination === "worker";
}

function isolated(response) {
  if (response.type === "opaqueredirect" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATED)) headers.set(name, value);
  const { status, statusText } = response;
  const body = [204, 304].includes(status) ? null : response.body;
  return new Response(body, { status, statusText, headers });
}

// Compares with what is kept by the server's own mark of a version, so that nothing is
// written twice. "force-cache": the bytes lie in the browser's cache since a moment.
async function keepFetched() {
  const kept = await caches.open(KEPT);
  for (const address of [...fetched]) {
    fetched.delete(address);
    try {
      const fresh = await fetch(address, { cache: "force-cache" });
      const before = await kept.match(address);
      if (fresh.ok && (!before || mark(before) !== mark(fresh))) {
        await kept.put(address, fresh);
      } else {
        await fresh.body?.cancel();
      }
    } catch (error) {
      // Full storage or a lost network: the page works on, only the copy is missing.
      console.warn("tinytorch: not kept for offline use:", address, String(error));
    }
  }
}

function mark({ headers }) {
  const version = headers.get("ETag") ?? headers.get("Last-Modified");
  return version ?? headers.get("Content-Length") ?? String(Math.random());
}

function offline() {
  const text = `<!DOCTYPE html><html lang="en"><meta charset="utf-8">
    <meta name="viewport" content="width=device-width"><title>Offline · TinyTorch</title>
    <style>body{font:17px/1.6 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem}
    :root{color-scheme:light dark}</style><h1>You are offline</h1>
    <p>This page was not opened in this browser before, or the browser has cleared its
    copy. Lessons that you have opened while online still open now, and what you saved
    is where it was.</p><p><a href="${SITE.pathname}">To the start page</a> ·
    <a href="">Try again</a></p></html>`;
  const headers = { "Content-Type": "text/html; charset=utf-8" };
  return new Response(text, { status: 503, headers });
}

importScripts("jupyterlite-service-worker.js");
