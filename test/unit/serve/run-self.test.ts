import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { getPriority } from 'node:os'
import { afterEach, expect, it } from 'vitest'
import { runSelf } from '../../../daemon/serve/run-self.ts'

const added = ['KLPSCOPE_TEST_SECRET', 'NODE_OPTIONS']
afterEach(() => {
  for (const name of added) delete process.env[name]
})

it('a child that makes a document has the lowest priority, and of our environment what it needs', async () => {
  process.env.KLPSCOPE_TEST_SECRET = 'token'
  process.env.NODE_OPTIONS = '--no-warnings'
  // A daemon that never answers: the child waits, and can be looked at.
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const child = runSelf(['status', '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`])
  try {
    const [socket] = await once(server, 'connection')
    expect(getPriority(child.pid)).toBe(19)
    const batch = 3
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
    expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]), 'its scheduling policy').toBe(batch)
    const names = readFileSync(`/proc/${child.pid}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean)
      .map((entry) => entry.split('=')[0])
    expect(names).toContain('PATH')
    for (const name of added) expect(names).not.toContain(name)
    socket.destroy()
  } finally {
    child.kill()
    server.close()
  }
})
