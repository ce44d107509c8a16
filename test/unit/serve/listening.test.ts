import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { parseListen } from '../../../daemon/cli/listen-options.ts'
import { listen } from '../../../daemon/serve/listening.ts'

const server = createServer()
afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())))
const listenOn = (text: string, allowRemote = false) =>
  listen(server, { ...parseListen(text), allowHosts: [], allowRemote })

describe('listening', () => {
  it.each(['0.0.0.0:0', ':0', '[::]:0', '[::ffff:0.0.0.0]:0', '10.1.2.3:0'])(
    'on %s, which others reach, is refused unless it is wanted',
    async (text) => {
      await expect(listenOn(text)).rejects.toMatchObject({
        message: expect.stringMatching(/other machines/),
        remedy: expect.stringMatching(/--allow-remote/),
      })
    },
  )

  it.each([
    ['127.0.0.1:0', false, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/$/],
    ['127.0.0.2:0', false, /^http:\/\/127\.0\.0\.2:[1-9]\d*\/$/],
    ['localhost:0', false, /^http:\/\/localhost:[1-9]\d*\/$/],
    ['0.0.0.0:0', true, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/$/],
  ])('on %s tells the address to open, with the port it got', async (text, allowRemote, url) => {
    expect(await listenOn(text, allowRemote)).toMatch(url)
  })
})
