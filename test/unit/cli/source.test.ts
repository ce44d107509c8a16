import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { fetchFromDaemon, readState } from '../../../daemon/cli/source.ts'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** The address of a server that answers so. */
const serving = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer)
  endings.push(() => server.close().closeAllConnections())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const broughtBack = async (answering: Promise<unknown>) => {
  const error = await answering.then(
    () => new Error('it was taken for an answer'),
    (refusal: Error) => refusal,
  )
  return error.message
}

it.each<[string, RequestListener, RegExp]>([
  ['a page', (_, response) => response.end('<!doctype html>'), /is not klpscope/],
  ['JSON of another program', (_, response) => response.end('{"status":"ok"}'), /is not klpscope/],
  [
    'half an answer',
    (_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('{"headline":')
      setTimeout(() => response.destroy(), 50)
    },
    /^The answer of \S+ broke off/,
  ],
  [
    'an error of its own',
    (_, response) => response.writeHead(503).end('{"error":"It is starting.","remedy":"Wait."}'),
    /^It is starting\.$/,
  ],
])('%s is told for what it is', async (_, answer, says) => {
  expect(await broughtBack(readState({ url: await serving(answer) }))).toMatch(says)
})

it('who does not answer in time may be busy, and is not said to be another program', async () => {
  const url = await serving(() => undefined)
  expect(await broughtBack(fetchFromDaemon({ url }, 'state', 200))).toMatch(/did not answer in time.*busy/)
})

it('where nobody listens there is no daemon', async () => {
  expect(await broughtBack(readState({ url: 'http://127.0.0.1:1' }))).toMatch(/^No daemon answers at/)
})
