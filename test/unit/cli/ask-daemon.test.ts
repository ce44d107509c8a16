import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, askDaemon } from '../../../daemon/cli/ask-daemon.ts'
import { protocolHeader } from '../../../daemon/contract/message.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { buildCommandLine } from '../support/command-line.ts'
import { startLiveServer } from '../support/live-server.ts'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

const addressOf = async (server: Server): Promise<string> => {
  endings.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const serving = (answer: RequestListener): Promise<string> => {
  const server = createServer(answer)
  endings.push(() => server.closeAllConnections())
  return addressOf(server)
}
/** As every answer of klpscope. */
const ours = (response: ServerResponse): ServerResponse => response.setHeader(protocolHeader, '1')
const half = (response: ServerResponse): ServerResponse => {
  response.writeHead(200, { 'Content-Length': '1000' }).write('{"headline":')
  return response
}
const broughtBack = async (answering: Promise<unknown>): Promise<string> => {
  const error = await answering.catch((refusal: unknown) => refusal)
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}
const ways: [string, (answer: Answer) => Promise<unknown>][] = [
  ['text', (answer) => answer.text()],
  [
    'bytes',
    async (answer) => {
      for await (const _ of answer.bytes());
    },
  ],
]

describe('another program is told for what it is', () => {
  it.each<[string, RequestListener]>([
    ['a page', (_, response) => response.end('<!doctype html>')],
    ['JSON', (_, response) => response.end('{"status":"ok","error":"e"}')],
    ['not found', (_, response) => response.writeHead(404).end('<h1>Not Found</h1>')],
    [
      'an error of its own',
      (_, response) => response.writeHead(500).end('{"error":"Mine.","remedy":"None."}'),
    ],
    ['a bad gateway', (_, response) => response.writeHead(502).end()],
  ])('%s', async (_, answer) =>
    expect(await broughtBack(askDaemon(await serving(answer), 'state'))).toMatch(/ is not klpscope/),
  )

  it('no HTTP', async () => {
    const url = await addressOf(createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')))
    expect(await broughtBack(askDaemon(url, 'state'))).toMatch(/ is not klpscope/)
  })
})

describe('a daemon', () => {
  it('that does not begin to answer may be busy', async () => {
    const url = await serving(() => undefined)
    expect(await broughtBack(askDaemon(url, 'state', 1_000))).toMatch(
      /did not answer within 1 s: if it is klps.*busy/,
    )
  })

  it.each(ways)('that does not end its answer is busy: %s', async (_, read) => {
    const url = await serving((_, response) => half(ours(response)))
    const says = await broughtBack(askDaemon(url, 'state', 1_000).then(read))
    expect(says).toMatch(/^klpscope at \S+ did not answer within 1 s: it is busy/)
  })

  it.each(ways)('breaks off: %s', async (_, read) => {
    const url = await serving((_, response) => {
      half(ours(response))
      setTimeout(() => response.destroy(), 50)
    })
    expect(await broughtBack(askDaemon(url, 'state').then(read))).toMatch(
      /^The answer of klpscope at \S+ broke off/,
    )
  })

  it('says itself why it cannot answer', async () => {
    const url = (await startLiveServer()).url.replace(/\/$/, '')
    expect(JSON.parse(await (await askDaemon(url, 'state')).text())).toHaveProperty('headline')
    expect(await broughtBack(askDaemon(url, 'events?limit=x'))).not.toMatch(/is not klpscope|HTTP/)
    expect(await broughtBack(askDaemon(url, 'nothing'))).not.toMatch(/is not klpscope|HTTP/)
  })

  it('that fails without a word is klpscope all the same', async () => {
    const url = await serving((_, response) => ours(response).writeHead(500).end('oh'))
    expect(await broughtBack(askDaemon(url, 'state'))).toMatch(/^klpscope at \S+ answered with HTTP 500\.$/)
  })

  it('is missing where nobody listens', async () =>
    expect(await broughtBack(askDaemon('http://127.0.0.1:1', 'state'))).toMatch(/^No daemon answers at/))
})

describe('every command that asks', () => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-ask-'))
  let klpscope: Awaited<ReturnType<typeof buildCommandLine>>
  beforeAll(async () => {
    klpscope = await buildCommandLine(dir)
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const commands = [
    'status',
    'blocking',
    'shadow',
    'history',
    'report',
    'export --format csv',
    `bundle -o ${join(dir, 'bundle')}`,
  ]

  it.each(commands)(
    '%s tells another program from a daemon that breaks off, without a stack',
    async (command) => {
      const foreign = await serving((_, response) => response.end('<!doctype html>'))
      const broken = await serving((_, response) => half(ours(response)).destroy())
      for (const [url, says] of [
        [foreign, / is not klpscope\./],
        [broken, /The answer of klpscope at \S+ broke off|No daemon answers/],
      ] as const) {
        const { exitCode, stdout, stderr } = await klpscope(...command.split(' '), '--url', url)
        expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
        expect(stderr).toMatch(says)
        expect(stderr.split('\n')).toHaveLength(2)
      }
    },
    20_000,
  )

  it('history says of a slow daemon after 10 s that it is busy', async () => {
    const slow = await serving((_, response) => half(ours(response)))
    const { exitCode, stderr } = await klpscope('history', '--url', slow)
    expect(exitCode).toBe(3)
    expect(stderr).toBe(
      `klpscope: klpscope at ${slow} did not answer within 10 s: it is busy.\nTry again, or read its record with --db FILE.`,
    )
  }, 30_000)
})
