import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Launch } from '../../../daemon/launch/launch-daemon.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const nobody = { uid: 65_534, gid: 65_534 }
const nothing = '0000000000000000'

describe.runIf(process.getuid?.() === 0)('a daemon that root starts', { timeout: 30_000 }, () => {
  beforeEach(() => {
    // The user has to reach the program.
    chmodSync(dir.path(''), 0o755)
    mkdirSync(dir.path('package'), { mode: 0o755 })
    buildSync({
      entryPoints: [join(import.meta.dirname, '../support/launched.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: dir.path('package/launched.mjs'),
    })
    chmodSync(dir.path('package/launched.mjs'), 0o644)
    writeFileSync(
      dir.path('tracer'),
      `#!/bin/bash\nid -u; echo "$@"; echo $$ >'${dir.path('tracer.pid')}'\nexec sleep 60\n`,
    )
    chmodSync(dir.path('tracer'), 0o755)
  })
  const running: { kill: () => void }[] = []
  afterEach(() => {
    for (const each of running.splice(0)) each.kill()
  })

  const launch = (own: Partial<Launch> = {}) => {
    const options: Launch = {
      user: 'nobody',
      tracerSocket: undefined,
      tracer: { program: dir.path('tracer'), args: ['--passive'] },
      userProbes: { runner: '', files: [] },
      packageDir: dir.path('package'),
      runDir: dir.path('run'),
      niceness: 0,
      writes: [{ option: '--db', file: dir.path('record/klpscope.db') }],
      ...own,
    }
    const child = spawn(process.execPath, [dir.path('package/launched.mjs'), JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, KLPSCOPE_TEST_SECRET: 'token' },
    })
    running.push({ kill: () => child.kill('SIGTERM') })
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>
    const said = once(child.stdout, 'data').then(
      ([text]) => JSON.parse(String(text).split('\n')[0] ?? '') as Record<string, unknown>,
    )
    return { child, exited, said }
  }
  const isAlive = (pid: number) =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  const tracerPid = () => Number(readFileSync(dir.path('tracer.pid'), 'utf8'))

  it('is the user’s, without capabilities, and cannot get any; its tracer is root’s', async () => {
    const said = await launch().said
    expect(said).toMatchObject({
      Uid: Array(4).fill(String(nobody.uid)),
      Gid: Array(4).fill(String(nobody.gid)),
      Groups: [''],
      CapPrm: [nothing],
      CapEff: [nothing],
      CapBnd: [nothing],
      CapAmb: [nothing],
      NoNewPrivs: ['1'],
      mayReadShadow: false,
      heard: expect.stringMatching(/^0\n(--passive\n)?/),
    })
    expect(said.environment).not.toContain('KLPSCOPE_TEST_SECRET')
  })

  it('gets the directories of its files, made for it alone', async () => {
    await launch().said
    for (const name of ['run', 'record']) {
      const { uid, gid, mode } = statSync(dir.path(name))
      expect({ uid, gid, mode: mode & 0o777 }).toEqual({ ...nobody, mode: 0o700 })
    }
    const [socket = ''] = readdirSync(dir.path('run'))
    expect(statSync(dir.path(`run/${socket}`)).mode & 0o777).toBe(0o600)
  })

  it('is passed on the signal that should end it; nothing is left behind, and its exit code is ours', async () => {
    const { child, exited, said } = launch()
    await said
    await expect.poll(() => existsSync(dir.path('tracer.pid'))).toBe(true)
    child.kill('SIGTERM')
    expect(await exited).toEqual([7, null])
    await expect.poll(() => isAlive(tracerPid())).toBe(false)
    expect(readdirSync(dir.path('run'))).toEqual([])
  })

  it('ends with whoever started it, also when that is killed', async () => {
    const { child, said } = launch()
    await said
    const [daemon = 0] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
      .split(' ')
      .map(Number)
    child.kill('SIGKILL')
    await expect.poll(() => isAlive(daemon)).toBe(false)
  })

  it.each([
    [
      'a user that is not there',
      { user: 'klpscope-no-such-user' },
      /^There is no user klpscope-no-such-user/,
    ],
    ['root', { user: 'root' }, /does not run as root/],
  ])('is not started as %s', async (_, own, sentence) => {
    expect(await launch(own).said).toMatchObject({ refused: expect.stringMatching(sentence) })
  })

  it('is not started where it could not write, and what is there is left as it is', async () => {
    mkdirSync(dir.path('of-root'), { mode: 0o755 })
    chmodSync(dir.path('of-root'), 0o755)
    const file = dir.path('of-root/klpscope.db')
    const { said, exited } = launch({ writes: [{ option: '--db', file }] })
    expect(await said).toEqual({
      refused: `User nobody, as which the daemon runs, may not write to ${dir.path('of-root')}.`,
      remedy: expect.stringContaining('--db'),
    })
    expect(await exited).toEqual([3, null])
    expect(statSync(dir.path('of-root')).uid).toBe(0)
  })

  it('finds its program where its user could not go, and nobody else sees it there', async () => {
    const open = mkdtempSync('/tmp/klpscope-unit-run-')
    try {
      chmodSync(open, 0o755)
      chmodSync(dir.path(''), 0o700)
      const runDir = join(open, 'run')
      const { child, exited, said } = launch({ runDir, writes: [] })
      expect(await said).toMatchObject({ Uid: Array(4).fill(String(nobody.uid)), CapBnd: [nothing] })
      const [program = ''] = readdirSync(runDir).filter((name) => name.startsWith('program-'))
      expect(readdirSync(join(runDir, program, 'package'))).toEqual([])
      child.kill('SIGTERM')
      expect(await exited).toEqual([7, null])
      expect(readdirSync(runDir)).toEqual([])
    } finally {
      rmSync(open, { recursive: true })
    }
  })

  it('is not started where its program is for root alone', async () => {
    chmodSync(dir.path('package/launched.mjs'), 0o600)
    expect(await launch().said).toMatchObject({
      refused: expect.stringMatching(/may not read .*launched\.mjs/),
    })
  })
})
