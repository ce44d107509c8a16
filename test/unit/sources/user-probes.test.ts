import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runUserProbe } from '../../../daemon/launch/run-user-probe.ts'
import { bpfDir } from '../../../daemon/package-paths.ts'
import type { RawBody } from '../../../daemon/probes/raw-record.ts'
import { createUserProbeOutput, linesPerS } from '../../../daemon/sources/user-probe-output.ts'
import { pipesPerProbe } from '../../../daemon/sources/user-probe-pipes.ts'
import { startUserProbes, type UserProbes } from '../../../daemon/sources/user-probes.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const runner = join(bpfDir, 'run-user-probe.sh')
const compiled = `echo '{"type": "attached_probes", "data": {"probes": 1}}'; sleep 0.3`
const until = { timeout: 10_000 }

describe('a user’s own script', { timeout: 20_000 }, () => {
  let probes: UserProbes | undefined
  beforeEach(() => vi.stubEnv('PATH', `${dir.path('')}:/usr/bin:/bin`))
  afterEach(() => probes?.stop(performance.now() + 3_000))

  /** Runs a shell script in bpftrace's place. */
  const run = (script: string) => {
    install(script)
    return start()
  }
  const install = (script: string) => {
    const program = dir.path('bpftrace')
    writeFileSync(program, `#!/bin/sh\necho $$ >>${dir.path('pids')}\n${script}\n`)
    chmodSync(program, 0o755)
  }
  const file = () => dir.path('mine.bt')
  const startShell = () => {
    const shell = runUserProbe(runner, file(), Array<'pipe'>(pipesPerProbe).fill('pipe'))
    const [stdin, stdout, stderr, news] = shell.stdio as unknown as [Writable, Readable, Readable, Readable]
    return { stdin, stdout, stderr, news }
  }
  const pids = () => readFileSync(dir.path('pids'), 'utf8').trim().split('\n')
  const start = (pipes = startShell()) => {
    const told: RawBody[] = []
    const running = startUserProbes(
      [{ name: 'mine', file: file() }],
      () => pipes,
      (body) => told.push(body),
    )
    probes = running
    const lines = () =>
      told.flatMap((body) => ('line' in body && body.source === 'user-probe' ? [body.line] : []))
    const gaps = () => told.flatMap((body) => (body.source === 'tracer' && body.what === 'gap' ? [body] : []))
    return { probes: running, lines, gaps, pids }
  }
  const isAlive = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z'
    } catch {
      return false
    }
  }

  it('is told of line by line, and until when it was not attached', async () => {
    const { lines, gaps } = run(`${compiled}; echo one; echo; echo "$@"; sleep 60`)
    await expect.poll(lines, until).toHaveLength(3)
    expect(lines().slice(1)).toEqual(['one', `-B line -f json ${dir.path('mine.bt')}`])
    expect(gaps()).toMatchObject([{ part: 'probe mine', reason: 'its probes were being attached' }])
  })

  it('that fails is started again, and the gap is told in the words of bpftrace', async () => {
    const { lines, gaps, pids } = run(
      `[ -e ${dir.path('failed')} ] && { ${compiled}; echo again; sleep 60; }
       touch ${dir.path('failed')}; echo "ERROR: couldn't set RLIMIT_MEMLOCK" >&2
       echo "mine.bt:1:2-3: ERROR: syntax error" >&2; exit 1`,
    )
    await expect.poll(lines, until).toContain('again')
    expect(pids()).toHaveLength(2)
    const failed = expect.stringMatching(
      /^bpftrace ended \(exit code 1\): mine\.bt:1:2-3: ERROR: syntax error; correct the script.* bpftrace \S+mine\.bt$/,
    )
    expect(gaps()).toMatchObject([{ reason: failed }, { reason: failed }])
    expect(gaps()[0]).toHaveProperty('fromMonoNs', (gaps()[1] as { fromMonoNs: string }).fromMonoNs)
  })

  it('that has failed several times before the daemon listens is told in the words of bpftrace', async () => {
    install('echo "a: ERROR: b" >&2; exit 1')
    const pipes = startShell()
    await expect.poll(() => pids().length, until).toBe(2)
    const { gaps } = start(pipes)
    await expect.poll(gaps, until).not.toEqual([])
    for (const { reason } of gaps())
      expect(reason).toMatch(/^bpftrace ended \(exit code 1\): a: ERROR: b; correct/)
  })

  it('that ends by exit() is left at that, and nothing of it is there any more', async () => {
    const { probes, gaps, pids } = run(`${compiled}; echo one; exit 0`)
    await expect.poll(gaps, until).toMatchObject([{}, { reason: expect.stringMatching(/by itself/) }])
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(pids()).toHaveLength(1)
    await probes.stop(performance.now() + 1_000)
    expect(gaps().at(-1)).toMatchObject({ reason: expect.stringMatching(/by itself/) })
  })

  it('is not run where there is no bpftrace, which is said', async () => {
    vi.stubEnv('PATH', onlyWith('sh', 'setpriv', 'sleep'))
    const { gaps } = start()
    await expect
      .poll(() => gaps()[0], until)
      .toMatchObject({
        part: 'probe mine',
        reason: expect.stringMatching(/^bpftrace is not installed.*apt-get install/),
      })
  })
  const onlyWith = (...programs: string[]): string => {
    const bin = dir.path('bin')
    execFileSync('mkdir', ['-p', bin])
    for (const program of programs)
      execFileSync('ln', ['-sf', execFileSync('which', [program]).toString().trim(), bin])
    return bin
  }

  it('is asked to end with the daemon, and what it prints then is passed on', async () => {
    const { probes, lines, pids } = run(
      `trap 'echo last; exit 0' TERM; ${compiled}; echo one; while :; do sleep 0.1; done`,
    )
    await expect.poll(lines, until).toContain('one')
    await probes.stop(performance.now() + 3_000)
    expect(lines()).toContain('last')
    await expect.poll(() => pids().some(isAlive), until).toBe(false)
  })

  it('whose shell is killed ends with it, which is said', async () => {
    const { lines, gaps, pids } = run(`${compiled}; echo one; echo $PPID; exec sleep 60`)
    await expect.poll(lines, until).toHaveLength(3)
    process.kill(Number(lines().at(-1)), 'SIGKILL')
    await expect.poll(() => pids().some(isAlive), until).toBe(false)
    await expect
      .poll(() => gaps().at(-1), until)
      .toMatchObject({ reason: expect.stringMatching(/^the shell that runs it has ended/) })
  })

  it('that does not end when it is asked to is killed', async () => {
    const { probes, lines, pids } = run(`trap '' TERM; ${compiled}; echo one; while :; do sleep 0.1; done`)
    await expect.poll(lines, until).toContain('one')
    await probes.stop(performance.now() + 100)
    await expect.poll(() => pids().some(isAlive), until).toBe(false)
  })
})

describe('what comes too fast or too long', () => {
  it('is counted, and told a second later', () => {
    vi.useFakeTimers()
    const told: RawBody[] = []
    const output = createUserProbeOutput('mine', (body) => told.push(body))
    output.read(Buffer.from(`${'x\n'.repeat(linesPerS + 7)}${'y'.repeat(600_000)}\n`))
    expect(told).toHaveLength(linesPerS)
    vi.advanceTimersByTime(1_000)
    expect(told.slice(linesPerS)).toEqual([
      { source: 'user-probe', probe: 'mine', lost: 7, reason: 'it printed more than 100 lines a second' },
      { source: 'user-probe', probe: 'mine', lost: 1, reason: expect.stringMatching(/bytes$/) },
    ])
    output.read(Buffer.from('x\n'))
    expect(told.at(-1)).toMatchObject({ line: 'x' })
    output.end()
    vi.useRealTimers()
  })
})
