import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import { execa } from 'execa'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listen } from '../../daemon/serve/listening.ts'
import { createHttpServer } from '../../daemon/serve/server.ts'
import { createPast } from '../../daemon/store/past.ts'
import { createQueries } from '../../daemon/store/queries.ts'
import { loopback } from '../unit/support/loopback.ts'
import { recordSteps } from '../unit/support/record-steps.ts'
import { recordingsOf, stepsOf } from '../unit/support/recordings.ts'
import { useTemporaryDir } from '../unit/support/temporary-dir.ts'

const dir = useTemporaryDir()
const program = join(import.meta.dirname, '../../dist/klpscope.js')
const klpscope = (...args: string[]) => execa('node', [program, ...args], { reject: false, encoding: 'utf8' })
const steps = stepsOf(recordingsOf('stall-sleeping')[0]!)
const lead =
  /klpt-sleeper \(\d+\), a kernel thread, held the patching of klpt_patch_v1 up for \d+\.\d s: it was sleeping in klpt_sleep_in_function/
const stall = steps.find(({ event }) => event.kind === 'transition-started')!.event.transition!
let db: string
let record: Database.Database

beforeEach(() => {
  db = dir.path('klpscope.db')
  record = recordSteps(steps, db)
})
afterEach(() => record.close())

describe('the program, from a record', () => {
  it('reports in every format, to a file and to standard output', async () => {
    for (const format of ['md', 'html', 'json']) {
      const { stdout, exitCode } = await klpscope('report', stall, '--format', format, '--db', db)
      expect([exitCode, stdout]).toEqual([0, expect.stringMatching(lead)])
      const file = dir.path(`report.${format}`)
      await klpscope('report', stall, '--format', format, '--db', db, '-o', file)
      expect(readFileSync(file, 'utf8').trimEnd()).toBe(stdout)
    }
  })

  it('says what is wrong in two lines', async () => {
    const missing = await klpscope('report', '424242', '--db', db)
    expect([missing.exitCode, missing.stderr]).toEqual([
      3,
      'klpscope: There is no transition 424242 in this record.\nklpscope history lists those there are.',
    ])
    for (const args of [
      ['report', stall],
      ['export', '--format', 'csv'],
      ['bundle', stall],
    ]) {
      const file = dir.path('no-such-folder/out')
      const { exitCode, stderr } = await klpscope(...args, '--db', db, '-o', file)
      expect([exitCode, stderr], args.join(' ')).toEqual([
        3,
        `klpscope: ${file} cannot be written (ENOENT).\nName another file with -o.`,
      ])
    }
    expect((await klpscope('export', '--format', 'csv', '--from', 'yesterday', '--db', db)).stderr).toContain(
      '"yesterday" is not an RFC 3339 time such as 2026-11-20T03:31:07.250Z.',
    )
  })

  it('exports what replay and other programs read', async () => {
    const { stdout } = await klpscope('export', '--format', 'ndjson', '--db', db)
    expect(stdout.split('\n').map((line) => JSON.parse(line))).toEqual(steps.map(({ event }) => event))
    const file = dir.path('events.ndjson')
    await klpscope('export', '--format', 'ndjson', '--db', db, '-o', file)
    expect((await klpscope('report', stall, '--db', file)).stdout).toMatch(lead)
  })

  it('ends quietly when nobody reads on, and leaves no part of a file after Ctrl-C', async () => {
    fill(record, 200_000)
    const head = await execa(
      'bash',
      ['-c', `node ${program} export --format csv --db ${db} | head -n 1; exit \${PIPESTATUS[0]}`],
      {
        reject: false,
      },
    )
    expect([head.exitCode, head.stderr]).toEqual([0, ''])
    const out = dir.path('interrupted.csv')
    const child = spawn('node', [program, 'export', '--format', 'csv', '--db', db, '-o', out], {
      stdio: 'ignore',
    })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    while (!readdirSync(dirname(out)).some((name) => name.endsWith('.partial')) && child.exitCode === null)
      await sleep(5)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(readdirSync(dir.path('')).filter((name) => name.startsWith('interrupted'))).toEqual([])
  })
})

/** Shadow events by the thousand after the last one. */
const fill = (database: Database.Database, count: number): void => {
  const last = steps.at(-1)!.event
  const insert = database.prepare(
    'INSERT INTO events (seq, time_ns, mono_ns, kind, data) SELECT ?, time_ns, mono_ns, ?, ? FROM events WHERE seq = ?',
  )
  database.transaction(() => {
    for (let seq = last.seq + 1; seq <= last.seq + count; seq++) {
      const event = { ...last, seq, kind: 'shadow-freed', obj: '0xffff', id: '0x1', reason: undefined }
      insert.run(seq, event.kind, JSON.stringify(event), last.seq)
    }
  })()
}

describe('the running daemon', () => {
  let server: Server
  let url: string
  beforeEach(async () => {
    server = createHttpServer({
      state: () => steps.at(-1)!.state,
      queries: createQueries(record),
      past: createPast(record),
      record: () => ({ live: true, name: null, speed: null, malformed: 0, samples: [] }),
      recordFile: db,
      isReady: () => true,
      webDir: dir.path('web'),
      log: pino({ level: 'silent' }),
      access: loopback,
    } as Parameters<typeof createHttpServer>[0])
    await listen(server, loopback)
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => void server.close())

  it('gives reports, of a transition and of the last', async () => {
    const html = await fetch(`${url}/api/v1/transitions/${stall}/report?format=html`)
    expect(html.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await html.text()).toMatch(lead)
    const last = await (await fetch(`${url}/api/v1/transitions/last/report`)).json()
    expect(last).toMatchObject({ transition: { direction: 'unpatching' } })
    const none = await fetch(`${url}/api/v1/transitions/424242/report`)
    expect([none.status, await none.json()]).toEqual([
      404,
      {
        error: 'There is no transition 424242 in this record.',
        remedy: 'klpscope history lists those there are.',
      },
    ])
    for (const id of ['--help', 'x%2Fy', '1;ls'])
      expect((await fetch(`${url}/api/v1/transitions/${id}/report`)).status, id).toBe(404)
    expect((await fetch(`${url}/api/v1/transitions/${stall}/report?format=exe`)).status).toBe(400)
  })

  it('is asked when no record is named', async () => {
    const report = await klpscope('report', stall, '--url', url)
    expect(report.stdout).toMatch(lead)
    const exported = await klpscope('export', '--format', 'ndjson', '--url', url)
    expect(exported.stdout.split('\n')).toHaveLength(steps.length)
    const missing = await klpscope('report', '424242', '--url', url)
    expect([missing.exitCode, missing.stderr.split('\n')[0]]).toEqual([
      3,
      'klpscope: There is no transition 424242 in this record.',
    ])
    const file = dir.path('bundle.tar.gz')
    const bundle = await klpscope('bundle', stall, '--url', url, '-o', file)
    expect([bundle.exitCode, bundle.stderr]).toEqual([0, ''])
    expect((await execa('tar', ['tzf', file])).stdout).toMatch(
      /README\.txt[\s\S]*report\.html[\s\S]*events\.ndjson/,
    )
  })
})
