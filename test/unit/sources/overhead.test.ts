import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { watchOverhead } from '../../../daemon/sources/overhead.ts'

/** What several windows tell in all, until `enough`. */
const measure = async (enough: (sum: { daemonMs: number; tracersMs: number }) => boolean) => {
  const sum = { windowMs: 0, daemonMs: 0, tracersMs: 0 }
  const watch = watchOverhead((body) => {
    if (body.source !== 'overhead') return
    sum.windowMs += body.windowMs
    sum.daemonMs += body.daemonMs
    sum.tracersMs += body.tracersMs
  }, 100)
  while (!enough(sum)) await sleep(20)
  watch.stop()
  return sum
}

it('counts what this process does as its own', async () => {
  const told = measure(({ daemonMs }) => daemonMs > 200)
  for (const before = process.cpuUsage(); process.cpuUsage(before).user < 300_000; );
  const { daemonMs, tracersMs, windowMs } = await told
  // Node has some threads of its own.
  expect(daemonMs).toBeLessThan(4 * windowMs)
  expect(tracersMs).toBe(0)
}, 30_000)

it('counts what its children do as that of the tracers, also after they ended', async () => {
  spawn('bash', ['-c', 'for ((i = 0; i < 100000; i++)); do :; done'])
  await measure(({ tracersMs }) => tracersMs > 50)
}, 30_000)

it('counts what a child of its child does, while all of them live', async () => {
  const child = spawn('bash', ['-c', 'exec 9>&-; while :; do :; done & trap "kill $!" EXIT; wait'])
  await measure(({ tracersMs }) => tracersMs > 50)
  child.kill()
}, 30_000)
