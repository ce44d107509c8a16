import { execFileSync, spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { watchOverhead } from '../../../daemon/sources/overhead.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()

/** What several windows tell in all, until `enough`. */
const measure = async (
  enough: (sum: { daemonMs: number; tracersMs: number }) => boolean,
  worker: number | null = null,
) => {
  const sum = { windowMs: 0, daemonMs: 0, tracersMs: 0 }
  const watch = watchOverhead(
    (body) => {
      if (body.source !== 'overhead') return
      sum.windowMs += body.windowMs
      sum.daemonMs += body.daemonMs
      sum.tracersMs += body.tracersMs
    },
    () => worker,
    100,
  )
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

it("counts what the tracer does, which is no child, and nothing of a process that is no tracer's", async () => {
  const program = dir.path('klpscope-tracer')
  symlinkSync('/bin/bash', program)
  // Its parent has ended by then.
  const start = (path: string) =>
    Number(
      execFileSync('bash', ['-c', `'${path}' -c 'while :; do :; done' >/dev/null 2>&1 & echo $!`], {
        encoding: 'utf8',
      }),
    )
  const [tracer, other] = [start(program), start('/bin/bash')]
  try {
    await measure(({ tracersMs }) => tracersMs > 50, tracer)
    const before = performance.now()
    expect((await measure(() => performance.now() - before > 500, other)).tracersMs).toBe(0)
  } finally {
    for (const pid of [tracer, other]) process.kill(pid, 'SIGKILL')
  }
}, 30_000)

it('counts what it started as its own, once it has ended', async () => {
  const told = measure(({ daemonMs }) => daemonMs > 500)
  const child = spawn('bash', ['-c', 'for ((i = 0; i < 400000; i++)); do :; done'])
  await new Promise((ended) => child.on('exit', ended))
  expect((await told).tracersMs).toBe(0)
}, 30_000)
