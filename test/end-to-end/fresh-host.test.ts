import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabResult } from '../lab/lab.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'

describe.each(kernels)('a host on which klpscope has never run, Linux %s', (kernel) => {
  let lab: LabSession
  let result: LabResult
  const read = (name: string) => lab.read(name).trim()
  const codesOf = (group: string) =>
    Object.fromEntries(
      readdirSync(lab.outDir)
        .filter((name) => name.startsWith(`${group}-`) && name.endsWith('.code'))
        .map((name) => [name.slice(group.length + 1, -5).split('-')[0], Number(read(name))]),
    )

  beforeAll(async () => {
    lab = await openLab(kernel, 'fresh-host.sh', { timeoutS: 3000 })
    result = await lab.outcome
  })
  afterAll(() => lab?.stop())

  it('runs the daemon without a flag, and npm start, each until it is ended', () => {
    expect(result.exitCode, `${result.message}\n${read('script.log')}\nSee ${lab.outDir}`).toBe(0)
    expect(read('default.log')).toContain('"msg":"ready"')
    expect(read('npm-start.txt').split('\n').at(-1)).toBe('http://127.0.0.1:8686/')
    expect(read('default.code')).toBe('0')
    // Ctrl-C goes to npm and all it started, and is an end in order.
    expect(read('npm-start.code')).toBe('0')
  })

  it('answers every command that has nothing to read yet with a sentence and the right exit code', () => {
    expect(codesOf('before')).toEqual({
      ...{ status: 3, blocking: 3, shadow: 3, history: 3, report: 3, bundle: 3, export: 3, replay: 3 },
      doctor: 0,
    })
    const after = codesOf('after')
    expect(after).toMatchObject({ blocking: 0, shadow: 0, history: 0, export: 0 })
    expect(after.status, 'ok, or a warning of what this kernel lacks').toBeLessThanOrEqual(1)
    expect([after.report, after.bundle]).not.toContain(0)
    expect(read('after-report.txt')).toMatch(/^klpscope: No transition has been recorded/)
    expect(codesOf('start').status).toBeLessThanOrEqual(1)
    const texts = readdirSync(lab.outDir).filter((name) => /^(before|after|start)-.*\.txt$/.test(name))
    expect(texts.length).toBeGreaterThan(15)
    for (const name of texts) expect(read(name), name).not.toMatch(/^\s+at /m)
  })

  it('gives two daemons tracers of their own, and leaves none behind', () => {
    const sockets = (name: string) =>
      read(name)
        .split('\n')
        .filter((entry) => entry.startsWith('tracer-'))
    expect(sockets('run-directory.txt')).toHaveLength(2)
    expect(sockets('run-directory-after.txt')).toEqual([])
  })

  it('ends a daemon that is still attaching: exit code 0, and its log never says ready', () => {
    expect(read('second.code')).toBe('0')
    expect(read('second.log')).toContain('"msg":"stopping"')
    expect(read('second.log')).not.toContain('"msg":"ready"')
  })

  it('is not stopped by SIGHUP', () => {
    const log = read('default.log')
    expect(log).toMatch(/"msg":"SIGHUP/)
    expect(log).toMatch(/"signal":"SIGTERM".*stopping/)
  })

  it('keeps what the daemon writes to itself', () => {
    const lines = [...read('modes.txt').split('\n'), ...read('start-modes.txt').split('\n')]
    expect(lines.length).toBeGreaterThan(8)
    for (const line of lines) expect(line).toMatch(/^(700 d|600 [fs]) /)
  })
})
