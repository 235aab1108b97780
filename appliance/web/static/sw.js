// Keeps the shell (styles, scripts, fonts, icons, the off-line page) and nothing else: no page, no picture, no personal data.

const CACHE = "preau-shell-1";
const OFFLINE = "/static/offline.html";
const FIRST = [OFFLINE, "/static/css/tokens.css", "/static/css/base.css", "/static/css/layout.css", "/static/css/components.css", "/static/favicon.svg", "/static/img/drawings.svg", "/static/img/chalk.svg"];
const SHELL = /^\/static\/(css|js|fonts|img|vendor)\/|^\/static\/(icons|favicon)\.svg$/;
// Megabytes that few people need: the browser's own cache keeps them, once is enough.
const LARGE = /\.(wasm|onnx)$/;
const MOST = 80;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FIRST)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

/** The copy whose address holds the content's hash is right for ever; an older hash of the same file makes room. */
async function shell(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && answer.type === "basic") {
    const path = new URL(request.url).pathname;
    const keys = await cache.keys();
    const old = keys.filter((key) => key.url !== request.url && new URL(key.url).pathname === path && new URL(key.url).search);
    await Promise.all([...old, ...keys.slice(0, Math.max(0, keys.length - MOST))].map((key) => cache.delete(key)));
    await cache.put(request, answer.clone());
  }
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (SHELL.test(url.pathname) && !LARGE.test(url.pathname)) event.respondWith(shell(request).catch(() => caches.match(request, { ignoreSearch: true }).then((kept) => kept ?? Response.error())));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
});
