// Serves the built site on a free port of 127.0.0.1, compressed, as hosts of such sites do.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { gzipSync } from 'node:zlib'

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png' }
const packed = new Set(['.html', '.js', '.css', '.json', '.svg'])

// serve resolves to { origin, close }.
export function serve(root) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://site').pathname))
    const file = join(root, path.endsWith('/') ? path + 'index.html' : path)
    const type = extname(file)
    try {
      const body = await readFile(file)
      const headers = { 'Content-Type': (types[type] ?? 'application/octet-stream') + '; charset=utf-8' }
      if (packed.has(type)) headers['Content-Encoding'] = 'gzip'
      response.writeHead(200, headers).end(packed.has(type) ? gzipSync(body) : body)
    } catch {
      response.writeHead(404).end('not found')
    }
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }))
  })
}
