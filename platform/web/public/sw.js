// The couriers' page starts without a network: the page is asked for and kept, its files are kept for good.
// The scope is the whole origin, since the map's worker is fetched under the address of its own file.
const KEPT = 'chargeloop-courier'
const FILE = /^\/assets\//

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((cache) => cache.add('/courier'))
      .then(() => self.skipWaiting()),
  )
})
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url)
  if (event.request.method !== 'GET' || !event.request.url.startsWith(self.location.origin)) return
  if (event.request.mode === 'navigate' && pathname.startsWith('/courier'))
    event.respondWith(fresh('/courier'))
  else if (FILE.test(pathname))
    event.respondWith(caches.match(event.request).then((found) => found ?? fresh(event.request)))
})

async function fresh(request) {
  const cache = await caches.open(KEPT)
  try {
    const answer = await fetch(request)
    if (answer.ok) await cache.put(request, answer.clone())
    return answer
  } catch (error) {
    return (await cache.match(request)) ?? Promise.reject(error)
  }
}
