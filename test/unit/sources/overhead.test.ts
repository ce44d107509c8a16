import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { RawBody } from '../../../daemon/probes/raw-record.ts'
import { watchOverhead } from '../../../daemon/sources/overhead.ts'

type Overhead = Extract<RawBody, { source: 'overhead' }>

const measure = async (work: () => void): Promise<Overhead> => {
  const told = new Promise<RawBody>((resolve) => {
    const watch = watchOverhead((body) => {
      watch.stop()
      resolve(body)
    }, 400)
    // The timer does not keep the process alive.
    void sleep(5_000, undefined, { ref: true })
    work()
  })
  return (await told) as Overhead
}
const burn = (durationMs: number): void => {
  const end = performance.now() + durationMs
  while (performance.now() < end);
}

it('counts what this process does as its own', async () => {
  const { daemonMs, tracersMs, windowMs } = await measure(() => burn(350))
  expect(windowMs).toBeGreaterThanOrEqual(350)
  expect(daemonMs).toBeGreaterThan(50)
  expect(daemonMs).toBeLessThan(3 * windowMs)
  expect(tracersMs).toBeLessThan(50)
})

it('counts what its children do as that of the tracers, also after they ended', async () => {
  const child = spawn('bash', ['-c', 'for ((i = 0; i < 300000; i++)); do :; done; sleep 0.1'])
  const { tracersMs } = await measure(() => undefined)
  child.kill('SIGKILL')
  expect(tracersMs).toBeGreaterThan(50)
})
