import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, it } from 'vitest'
import { hostileSteps, unprintableNames } from '../support/hostile-story.ts'
import { recordSteps } from '../support/record-steps.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const program = join(import.meta.dirname, '../../../dist/klpscope.js')
const dir = useTemporaryDir()
const run = (...args: string[]) =>
  execa(process.execPath, [program, ...args], { reject: false, stripFinalNewline: false, timeout: 4_000 })

/** What a terminal would obey, or what hides text. Lines end as each format has them. */
const harmful = /(?!\n|\r\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

describe('names that hold escape sequences, as the program shows them to people', () => {
  let stalled: string
  let over: string
  beforeEach(() => {
    const steps = hostileSteps(unprintableNames)
    stalled = dir.path('stalled.db')
    over = dir.path('over.db')
    recordSteps(steps.slice(0, -2), stalled).close()
    recordSteps(steps, over).close()
  })

  it.each([
    'status',
    'blocking',
    'shadow',
    'history',
    'report',
    'report --format html',
    'export --format csv',
  ])(
    '%s',
    async (command) => {
      for (const db of [stalled, over]) {
        const { stdout, stderr } = await run(...command.split(' '), '--db', db)
        expect(stdout.length).toBeGreaterThan(20)
        expect(stdout).not.toMatch(harmful)
        expect(stderr).not.toMatch(harmful)
        expect(stdout, 'a name cannot begin a line').not.toMatch(/^klpscope: OK/m)
      }
    },
    20_000,
  )

  it('status names the host, blocking the task and its stack', async () => {
    const status = await run('status', '--db', stalled)
    expect(status.stdout).toContain('hostname\\e[2J')
    expect(status.stdout).toContain('kernel\\e[2J')
    const blocking = await run('blocking', '--db', stalled)
    for (const name of ['comm', 'function', 'unit', 'frame'])
      expect(blocking.stdout).toContain(`${name}\\e[2J`)
  })

  it('replay', async () => {
    const { stdout, stderr } = await run('replay', over, '--listen', '127.0.0.1:0')
    expect(stdout).toContain('hostname\\e[2J')
    expect(stdout + stderr).not.toMatch(harmful)
  })

  it('errors: names of files, arguments, and what the command line makes of them', async () => {
    const name = 'none\u001b[31m\u202e\r\nklpscope: OK'
    for (const args of [
      ['status', '--db', dir.path(name)],
      ['report', name, '--db', over],
      ['report', '--db', over, '-o', dir.path(`${name}/out`)],
      ['replay', dir.path(name)],
      [name],
      ['history', '--limit', name],
      [`--${name}`],
      ['lab', 'run', '--kernel', name],
    ]) {
      const { stderr, exitCode } = await run(...args)
      expect(exitCode, args.join(' ')).not.toBe(0)
      expect(stderr).toMatch(/none\\e\[31m|error/)
      expect(stderr, args.join(' ')).not.toMatch(harmful)
    }
  }, 30_000)

  it('JSON and NDJSON keep them to the byte', async () => {
    const { stdout } = await run('blocking', '--json', '--db', stalled)
    expect(JSON.parse(stdout).blocked[0].comm).toBe(unprintableNames.comm)
    expect(stdout).not.toMatch(harmful)
    await run('export', '--format', 'ndjson', '--db', stalled, '-o', dir.path('out'))
    const events = readFileSync(dir.path('out'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.find(({ kind }) => kind === 'task-blocked').comm).toBe(unprintableNames.comm)
  })
})
