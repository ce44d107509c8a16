import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { followFile } from '../../lab/follow-file.ts'
import { chooseHostPort } from '../../lab/host-port.ts'

it('follows a file that comes into being later, to its end', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-test-'))
  const file = join(dir, 'log')
  let seen = ''
  const sink = new Writable({
    write(chunk, _, done) {
      seen += String(chunk)
      done()
    },
  })
  const stop = followFile(file, sink)
  appendFileSync(file, 'one\n')
  await expect.poll(() => seen).toBe('one\n')
  appendFileSync(file, 'two\n')
  await stop()
  expect(seen).toBe('one\ntwo\n')
  rmSync(dir, { recursive: true })
})

it('finds a free port, and refuses one that is taken', async () => {
  const port = await chooseHostPort(undefined)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await expect(chooseHostPort(port)).rejects.toThrow(`Port ${port} of 127.0.0.1 cannot be used (EADDRINUSE)`)
  server.close()
})
