import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { LAB_EXIT } from '../lab/lab-error.ts'
import { kernels, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

// A script that never ends, and one that shrugs off SIGTERM while the daemon still attaches.
it.each([
  { when: 'while the script runs', timeoutS: 200, daemonS: 300 },
  { when: 'while the daemon attaches', timeoutS: 60, daemonS: 300 },
])('a session that times out $when leaves a whole database', async ({ timeoutS, daemonS }) => {
  const lab = await openLab(kernels[0] ?? '6.12', 'never-ends.sh', {
    daemon: true,
    timeoutS,
    daemonDeadlineS: daemonS,
  })
  const result = await lab.outcome
  expect(result.exitCode, result.message).toBe(LAB_EXIT.timedOut)
  const database = new Database(join(lab.outDir, 'klpscope.db'), { readonly: true })
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
  database.close()
  const kinds = readRecord(lab.outDir).events.map(({ kind }) => kind)
  expect(kinds.length).toBeGreaterThan(1)
  expect(kinds.at(-1), 'the daemon was asked to end, and did').toBe('tracer-stopped')
  expect(lab.read('daemon.log')).toContain('"msg":"stopping"')
  expect(lab.read('dmesg.txt')).not.toBe('')
})
