import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { createAccess } from '../../../daemon/serve/access.ts'
import { parseAuthority } from '../../../daemon/serve/authority.ts'

type Asked = {
  listen?: string
  reached?: string
  port?: number
  allow?: string[]
  host?: string | string[] | null
  url?: string
  version?: string
} & Record<string, unknown>

/** The status a request is refused with; 200: it is not. */
const judged = ({ listen, reached, port, allow, host, url, version, ...headers }: Asked): number => {
  const access = createAccess({
    host: listen ?? '127.0.0.1',
    allowHosts: (allow ?? []).map((name) => parseAuthority(name)!),
  })
  const hosts = host === null ? [] : [host ?? '127.0.0.1:8686'].flat()
  const request = {
    rawHeaders: hosts.flatMap((name) => ['Host', name]),
    headers: { ...(hosts[0] === undefined ? {} : { host: hosts[0] }), ...headers },
    httpVersion: version ?? '1.1',
    url: url ?? '/api/v1/state',
    socket: { localAddress: reached ?? '127.0.0.1', localPort: port ?? 8686 },
  }
  return access(request as unknown as IncomingMessage)?.status ?? 200
}

describe('a request by Host', () => {
  it.each<[number, Asked]>([
    [200, {}],
    [200, { host: 'localhost:8686' }],
    [200, { host: 'LocalHost.:8686' }],
    [200, { host: '[::1]:8686', reached: '::1', listen: '::1' }],
    [200, { host: '[0:0:0:0:0:0:0:1]:8686', reached: '::1', listen: '::1' }],
    [200, { host: '127.0.0.1' }],
    [200, { host: '10.0.0.5:8686', listen: '0.0.0.0', reached: '::ffff:10.0.0.5' }],
    [200, { host: `${hostname()}:8686`, listen: '0.0.0.0', reached: '10.0.0.5' }],
    [200, { host: 'klp.example:8686', listen: 'klp.example', reached: '10.0.0.5' }],
    [200, { host: 'dash.example', allow: ['dash.example'] }],
    [200, { host: 'dash.example:1', allow: ['dash.example'] }],
    [200, { host: 'localhost:9999', allow: ['localhost:9999'] }],
    [200, { url: 'http://127.0.0.1:8686/api/v1/state' }],
    [421, { host: 'evil.example' }],
    [421, { host: 'evil.example:8686' }],
    [421, { host: '127.0.0.1.evil.example:8686' }],
    [421, { host: 'localhost.evil.example:8686' }],
    [421, { host: '127.0.0.1:8687' }],
    [421, { host: '10.0.0.5:8686' }],
    [421, { host: 'localhost:8686', listen: '10.0.0.5', reached: '10.0.0.5' }],
    [421, { host: 'dash.example:2', allow: ['dash.example:1'] }],
    [421, { host: 'other.example', allow: ['dash.example'] }],
    [200, { host: null, version: '1.0' }],
    [421, { host: 'evil.example', version: '1.0' }],
    [400, { host: null }],
    [400, { host: '' }],
    [400, { host: ['127.0.0.1:8686', '127.0.0.1:8686'] }],
    [400, { host: '127.0.0.1:8686, evil.example' }],
    [400, { host: '127.0.0.1:86860' }],
    [400, { host: 'a@127.0.0.1:8686' }],
    [400, { host: '127.0.0.1:8686/' }],
    [400, { host: '[::1' }],
    [400, { url: 'http://evil.example/api/v1/state' }],
  ])('%i for %j', (status, asked) => expect(judged(asked)).toBe(status))
})

describe('a request by the page it comes from', () => {
  it.each<[number, Asked]>([
    [200, { origin: 'http://127.0.0.1:8686' }],
    [200, { origin: 'http://localhost:8686' }],
    [200, { origin: 'https://dash.example', allow: ['dash.example'] }],
    [200, { origin: 'https://dash.example', host: 'dash.example', allow: ['dash.example:443'] }],
    [200, { 'sec-fetch-site': 'same-origin' }],
    [200, { 'sec-fetch-site': 'none' }],
    [200, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', url: '/#at=1' }],
    [403, { origin: 'http://evil.example' }],
    [403, { origin: 'http://127.0.0.1:8080' }],
    [403, { origin: 'http://127.0.0.1' }],
    [403, { origin: 'http://127.0.0.1:8686.evil.example' }],
    [403, { origin: 'null' }],
    [403, { origin: '' }],
    [403, { origin: 'http://evil.example', host: null, version: '1.0' }],
    [403, { origin: 'file://' }],
    [403, { origin: 'http://127.0.0.1:8686, http://evil.example' }],
    [403, { 'sec-fetch-site': 'cross-site' }],
    [403, { 'sec-fetch-site': 'same-site' }],
    [403, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
    [403, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', url: '//api/v1/state' }],
    [403, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', url: '/readyz' }],
  ])('%i for %j', (status, asked) => expect(judged(asked)).toBe(status))
})
