import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createInTurn } from '../../../daemon/serve/in-turn.ts'
import { createRateLimit, limitKey } from '../../../daemon/serve/rate-limit.ts'
import { startLiveServer } from '../support/live-server.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()

/** A server with a dashboard of two files. */
const start = async () => {
  const webDir = dir.path('web')
  mkdirSync(`${webDir}/assets`, { recursive: true })
  writeFileSync(`${webDir}/index.html`, '<!doctype html><title>klpscope</title>')
  writeFileSync(`${webDir}/assets/index-Ab12.js`, `/* ${'x'.repeat(5_000)} */`)
  return startLiveServer({ webDir })
}
type Server = Awaited<ReturnType<typeof start>>

const ask = (
  { port }: Server,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) =>
  new Promise<{ status?: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
      )
    })
    sent.on('error', reject).end()
  })
const sentence = { error: expect.stringMatching(/\w{3}/), remedy: expect.stringMatching(/\w{3}/) }

/** What comes back for bytes written as they are, until the connection is closed. */
const raw = ({ port }: Server, text: string) =>
  new Promise<string>((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })

describe('every error is a sentence with a remedy, and never our fault', () => {
  it.each([
    [421, '/api/v1/state', { headers: { Host: 'evil.example' } }],
    [403, '/api/v1/state', { headers: { Origin: 'http://evil.example' } }],
    [403, '/api/v1/state', { headers: { 'Sec-Fetch-Site': 'cross-site' } }],
    [400, '/api/v1/transitions/%E0%A4%A', {}],
    [400, '/api/v1/events?patch=%', {}],
    [400, '/api/v1/events?from=0001-01-01T00:00:00Z', {}],
    [400, '/api/v1/events?to=9999-12-31T23:59:59Z', {}],
    [400, '/api/v1/state?at=1677-01-01T00:00:00Z', {}],
    [400, '/api/v1/timeline?from=2263-01-01T00:00:00Z', {}],
    [400, '/api/v1/transitions?before=2263-01-01T00:00:00Z', {}],
    [400, '/api/v1/series?name=x&to=2263-01-01T00:00:00Z', {}],
    [400, '/api/v1/events?cursor=9007199254740993', {}],
    [400, '/api/v1/events?cursor=', {}],
    [400, '/api/v1/events?tid=1e3', {}],
    [400, '/api/v1/events?limit=0', {}],
    [400, '/api/v1/events?kind=transition-stated', {}],
    [400, '/api/v1/events?kind=transition-started,', {}],
    [400, '/api/v1/events?limit=1&limit=2', {}],
    [400, '/api/v1/state?seq=', {}],
    [400, '/api/v1/state?seq=0x10', {}],
    [400, '/api/v1/tasks?offset=-1', {}],
    [404, '/api/v1/nothing', {}],
    [405, '/api/v1/state', { method: 'POST' }],
    [405, '/', { method: 'DELETE' }],
  ])('%i for %s %j', async (status, path, options) => {
    const answer = await ask(await start(), path, options)
    expect([answer.status, JSON.parse(String(answer.body))]).toEqual([status, sentence])
  })

  it.each([
    ['a long address', (host: string) => `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431],
    ['no Host', () => 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['no HTTP', () => '\x16\x03\x01\x00\xa5\r\n\r\n', 400],
    ['two hosts', (host: string) => `GET / HTTP/1.1\r\n${host}${host}Connection: close\r\n\r\n`, 400],
  ])('%s', async (_, text, status) => {
    const server = await start()
    const answer = await raw(server, text(`Host: 127.0.0.1:${server.port}\r\n`))
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toEqual(sentence)
  })
})

describe('pages', () => {
  it('a transition’s address leads a person on', async () => {
    const { status, headers, body } = await ask(await start(), '/transitions/30', {
      headers: { Accept: 'text/html,*/*;q=0.8' },
    })
    expect([status, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
    expect(String(body)).toMatch(/href="\/"[\s\S]*transitions\/30\/report/)
  })
  it('a name in an address is shown as text', async () => {
    const { body } = await ask(await start(), '/%3Cscript%3E', { headers: { Accept: 'text/html' } })
    expect(String(body)).not.toContain('<script>')
  })
  it.each([
    ['/', 'no-cache'],
    ['/assets/index-Ab12.js', 'public, max-age=31536000, immutable'],
    ['/api/v1/state', 'no-store'],
    ['/readyz', 'no-store'],
  ])('%s is cached as %s, and isolated', async (path, cached) => {
    const { status, headers } = await ask(await start(), path)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'cache-control': cached,
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()'),
      'x-content-type-options': 'nosniff',
    })
  })
  it('what is long is compressed for those who can read it', async () => {
    const server = await start()
    const packed = await ask(server, '/assets/index-Ab12.js', { headers: { 'Accept-Encoding': 'gzip' } })
    expect(packed.headers['content-encoding']).toBe('gzip')
    const plain = await ask(server, '/assets/index-Ab12.js')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
  })
  it('HEAD gives the head alone', async () => {
    const { status, body } = await ask(await start(), '/api/v1/state', { method: 'HEAD' })
    expect([status, body.length]).toEqual([200, 0])
  })
})

describe('much at once', () => {
  it('of 1,500 requests from one address some are put off, and say until when; its life sign is not', async () => {
    const server = await start()
    const get = (rest: string) =>
      `GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${rest}\r\n`
    const answers = await raw(server, `${get('').repeat(1_500)}${get('Connection: close\r\n')}`)
    expect(answers.split('HTTP/1.1 200 ').length).toBeGreaterThan(400)
    expect(answers).toMatch(/HTTP\/1\.1 429 [\s\S]*Retry-After: [1-9]/)
    expect((await ask(server, '/readyz')).status).toBe(200)
  }, 20_000)

  it('more connections than a browser ever needs are refused', async () => {
    const server = await start()
    const held = Array.from({ length: 128 }, () => connect(server.port, '127.0.0.1'))
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    expect(await raw(server, '')).toMatch(/^HTTP\/1\.1 429 [\s\S]*Too many connections/)
    for (const socket of held) socket.destroy()
  })

  it('a request that does not arrive ends the connection', async () => {
    const began = Date.now()
    expect(await raw(await start(), 'GET / HTTP/1.1\r\nHo')).toMatch(/^HTTP\/1\.1 408 /)
    expect(Date.now() - began).toBeLessThan(15_000)
  }, 20_000)

  it('one key waits for itself, not others for it', () => {
    const enter = createInTurn({ atOnce: 3, atOncePerKey: 2, waitingPerKey: 1 })
    const begun: string[] = []
    const ends: (() => void)[] = []
    const go = (key: string, name: string) =>
      enter(key, (end) => {
        begun.push(name)
        ends.push(end)
      })
    go('a', 'a1')
    go('a', 'a2')
    const giveUp = go('a', 'a3')
    expect(go('a', 'a4')).toBeNull()
    go('b', 'b1')
    go('b', 'b2')
    expect(begun).toEqual(['a1', 'a2', 'b1'])
    giveUp?.()
    ends[0]?.()
    ends[0]?.()
    expect(begun).toEqual(['a1', 'a2', 'b1', 'b2'])
  })

  it('a rate recovers with time, for each key by itself', () => {
    let now = 0
    const take = createRateLimit({ burst: 2, perS: 1 }, () => now)
    expect([take('a'), take('a'), take('a'), take('b')]).toEqual([0, 0, 1, 0])
    now = 1_000
    expect([take('a'), take('a')]).toEqual([0, 1])
  })

  it('all addresses of one IPv6 network count as one', () => {
    expect(limitKey('2001:db8:1:2:3:4:5:6')).toBe(limitKey('2001:db8:1:2::9'))
    expect(limitKey('2001:db8:1:3::9')).not.toBe(limitKey('2001:db8:1:2::9'))
    expect(limitKey('::ffff:10.0.0.1')).toBe('10.0.0.1')
  })
})
