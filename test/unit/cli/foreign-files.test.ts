import { execFileSync } from 'node:child_process'
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { recordingHeader } from '../../../daemon/raw/layout.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { stateVersion } from '../../../daemon/store/serialize-state.ts'
import { buildCommandLine } from '../support/command-line.ts'
import { frameBytes, jsonFrame } from '../support/frame-bytes.ts'
import { recordSteps } from '../support/record-steps.ts'
import { eventsOf, recordingsOf, stepsOf } from '../support/recordings.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const place = mkdtempSync(join(tmpdir(), 'klpscope-foreign-'))
const temporary = join(place, 'tmp')
let klpscope: Awaited<ReturnType<typeof buildCommandLine>>
beforeAll(async () => {
  mkdirSync(temporary)
  vi.stubEnv('TMPDIR', temporary)
  klpscope = await buildCommandLine(join(place, 'program'))
})
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(place, { recursive: true })
})

const [aName] = recordingsOf('stall-sleeping') as [string]
const raw = readFileSync(join(import.meta.dirname, '../../recordings', `${aName}.recording.gz`))
const events = eventsOf(aName)
let files = 0
const newFile = (name: string) => join(place, `${files++}-${name}`)
const written = (name: string, contents: string | Buffer): string => {
  const file = newFile(name)
  writeFileSync(file, contents)
  return file
}
/** A real record, to which something was done. */
const record = (change: (database: Database.Database) => void = () => undefined): string => {
  const file = newFile('klpscope.db')
  recordSteps(stepsOf(aName), file).close()
  const database = new Database(file)
  database.unsafeMode()
  change(database)
  database.close()
  return file
}
const sql =
  (...statements: string[]) =>
  (database: Database.Database) => {
    for (const statement of statements) database.exec(statement)
  }
/** Without holding it in memory. */
const gzippedFrom = async (name: string, chunks: () => Iterable<string | Buffer>): Promise<string> => {
  const file = newFile(name)
  await pipeline(Readable.from(chunks()), createGzip({ level: 1 }), createWriteStream(file))
  return file
}
function* repeated(chunk: string | Buffer, times: number, before = '') {
  yield before
  for (let time = 0; time < times; time++) yield chunk
}
/** Of what the daemon might have seen, by the frames. */
const recording = (...observations: string[]): string =>
  written(
    'x',
    Buffer.concat([
      jsonFrame('recording', recordingHeader),
      ...observations.map((text) => frameBytes('observation', Buffer.from(text))),
    ]),
  )
const ndjson = (list: readonly unknown[]) => `${list.map((event) => JSON.stringify(event)).join('\n')}\n`
const megabyte = 2 ** 20
const nested = '['.repeat(200_000) + ']'.repeat(200_000)

/** One sentence and a remedy, no stack; quickly, in little memory; and nothing is left behind. */
const expectRefused = async (file: string, command = ['status', '--db', file]) => {
  const { exitCode, signal, stdout, stderr, tookMs, peakMb } = await klpscope(...command)
  expect({ exitCode, signal, stderr: stderr.slice(0, 2_000), stdout: stdout.slice(0, 500) }).toMatchObject({
    exitCode: 3,
    signal: undefined,
  })
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(stderr.split('\n')).toHaveLength(2)
  expect(stderr).toContain(file)
  expect(stderr.length).toBeLessThan(1_000)
  expect(tookMs).toBeLessThan(10_000)
  expect(peakMb).toBeLessThan(300)
  expect(readdirSync(temporary)).toEqual([])
  return stderr
}

describe('a file that klpscope did not write is refused in a sentence, with exit code 3', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['one that does not exist', () => join(place, 'nowhere')],
    ['an empty one', () => written('x', '')],
    ['text', () => written('x', 'no record\n'.repeat(1_000))],
    ['200 MB of short lines', () => written('x', Buffer.alloc(200 * megabyte, 'x\n'))],
    [
      'random bytes',
      () => written('x', Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 48_271) % 251))),
    ],
    ['an event nested 200,000 deep', () => written('x', `{"seq":1,"kind":"custom","fields":${nested}}\n`)],
    ['a raw record nested 200,000 deep', () => recording(`{"monoNs":"1","source":"x","x":${nested}}`)],
    [
      'a raw record of many small objects',
      () => recording(`{"monoNs":"1","source":"x","x":[${'{},'.repeat(9_000_000)}{}]}`),
    ],
    [
      'a line of many small objects',
      () => written('x', `{"seq":1,"kind":"custom","fields":[${'{},'.repeat(9_000_000)}{}]}\n`),
    ],
    ['a recording without anything', () => recording()],
    ['a recording of what is no JSON', () => recording('{"monoNs":')],
    [
      'a recording of an earlier version, in lines',
      () => written('x', ndjson([{ monoNs: '1', source: 'bpftrace', line: '{}' }])),
    ],
    [
      'times beyond int64',
      () => written('x', ndjson(events.map((event) => ({ ...event, monoNs: '9'.repeat(40) })))),
    ],
    [
      'a wall clock beyond int64',
      () => written('x', ndjson(events.map((event) => ({ ...event, time: '2400-01-01T00:00:00Z' })))),
    ],
    ['numbers beyond 2^53', () => written('x', ndjson(events.map((event) => ({ ...event, seq: 1e300 }))))],
    ['lines of the wrong types', () => written('x', '1\n"a"\nnull\n[]\n{}\ntrue\n{"seq":"1"}\n')],
    [
      'a 3 GB line in 14 MB of gzip',
      () => gzippedFrom('x.gz', () => repeated(Buffer.alloc(16 * megabyte, 'x'), 192)),
    ],
    [
      '3 GB of empty lines in gzip',
      () => gzippedFrom('x.gz', () => repeated(Buffer.alloc(16 * megabyte, '\n'), 192)),
    ],
    [
      'a gzip bomb that begins as a database',
      () => gzippedFrom('x.gz', () => repeated(Buffer.alloc(16 * megabyte), 192, 'SQLite format 3\0')),
    ],
    ['gzip in gzip', () => written('x', gzipSync(gzipSync('x')))],
    [
      'a cut gzip of a database',
      () => {
        const bytes = gzipSync(readFileSync(record()))
        return written('x', bytes.subarray(0, bytes.length / 2))
      },
    ],
    [
      'a sparse terabyte',
      () => {
        const file = written('x', '')
        truncateSync(file, 2 ** 40)
        return file
      },
    ],
    [
      'a sparse terabyte that begins as a database',
      () => {
        const file = record()
        truncateSync(file, 2 ** 40)
        return file
      },
    ],
    [
      'a directory',
      () => {
        const file = newFile('dir')
        mkdirSync(file)
        return file
      },
    ],
    [
      'a pipe',
      () => {
        const file = newFile('pipe')
        execFileSync('mkfifo', [file])
        return file
      },
    ],
    ['a device', () => '/dev/zero'],
    [
      'a link to a device',
      () => {
        const file = newFile('link')
        symlinkSync('/dev/zero', file)
        return file
      },
    ],
    ['a file of /proc', () => '/proc/kmsg'],
  ])('%s', async (_, make) => void (await expectRefused(await make())))
})

describe('a database with our name and tables that klpscope did not make is refused', () => {
  const asView = [
    'ALTER TABLE events RENAME TO e',
    "CREATE VIEW events AS WITH RECURSIVE c(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM c) SELECT seq, 1 AS time_ns, 1 AS mono_ns, 'x' AS kind, NULL AS patch, NULL AS transition_id, NULL AS tid, '{}' AS data FROM c",
  ]
  it.each<[string, () => string, RegExp]>([
    [
      'events as a view that never ends',
      () => record(sql(...asView)),
      /its table events is another|a table e/,
    ],
    ['one more view', () => record(sql('CREATE VIEW mine AS SELECT 1')), /a view mine/],
    [
      'a trigger',
      () => record(sql('CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM events; END')),
      /a trigger t/,
    ],
    ['a virtual table', () => record(sql('CREATE VIRTUAL TABLE v USING fts5(a)')), /a table v/],
    [
      'a generated column',
      () =>
        record(
          sql('ALTER TABLE events ADD COLUMN g TEXT GENERATED ALWAYS AS (hex(zeroblob(1000000))) VIRTUAL'),
        ),
      /its table events is another/,
    ],
    [
      'another column',
      () => record(sql('ALTER TABLE findings ADD COLUMN more TEXT')),
      /its table findings is another/,
    ],
    ['an index', () => record(sql('CREATE INDEX i ON events (data)')), /an? index i/],
    [
      'a table less',
      () => record(sql('PRAGMA foreign_keys = OFF', 'DROP TABLE series')),
      /lacks the table series/,
    ],
    [
      'our tables, of another program',
      () => {
        const file = newFile('x.db')
        const database = new Database(file)
        database.exec('CREATE TABLE events (seq, data); CREATE TABLE checkpoints (seq, state)')
        database.close()
        return file
      },
      /not one of klpscope's/,
    ],
    [
      'our mark on somebody’s tables',
      () => {
        const file = newFile('x.db')
        const database = new Database(file)
        database.exec('CREATE TABLE events (seq, data)')
        database.pragma(`application_id = ${0x6b6c7073}`)
        database.close()
        return file
      },
      /a table|another|lacks/,
    ],
    ['a newer schema', () => record((database) => database.pragma('user_version = 99')), /newer klpscope/],
    [
      'a name that would write on the terminal',
      () => record(sql('CREATE VIEW "\u001b[2Jx" AS SELECT 1')),
      /\\e\[2Jx/,
    ],
  ])('%s', async (_, make, message) => expect(await expectRefused(make())).toMatch(message))
})

describe('a database whose contents are hostile is refused', () => {
  /** The beginning is gone, so that the state that it begins with has to be in a checkpoint. */
  const withCheckpoint = (state: Buffer) => (database: Database.Database) => {
    database.exec('DELETE FROM checkpoints; DELETE FROM events WHERE seq < 20')
    database.prepare('INSERT INTO checkpoints VALUES (20, 1, ?, 1, ?)').run(stateVersion, state)
  }
  const lastEvent = (data: string) => (database: Database.Database) => {
    database.exec('DELETE FROM checkpoints')
    database.prepare('UPDATE events SET data = ? WHERE seq = (SELECT max(seq) FROM events)').run(data)
  }
  it.each<[string, () => string | Promise<string>]>([
    ['a checkpoint that is not compressed', () => record(withCheckpoint(Buffer.from('not zlib')))],
    ['a checkpoint that is a bomb', () => record(withCheckpoint(deflateSync(Buffer.alloc(900 * megabyte))))],
    ['a checkpoint that is nested 200,000 deep', () => record(withCheckpoint(deflateSync(nested)))],
    [
      'a checkpoint of another shape',
      () =>
        record(
          withCheckpoint(deflateSync('{"seq":20,"tasks":[],"blocked":[],"findings":[],"shadow":{"ids":[]}}')),
        ),
    ],
    ['an event that is no JSON of an event', () => record(lastEvent('{"kind":"tasks-observed","tasks":7}'))],
    ['a value of 100 MB', () => record(lastEvent(JSON.stringify({ kind: 'x'.repeat(100 * megabyte) })))],
    [
      'the same, gzipped',
      () => {
        const file = record(lastEvent(JSON.stringify({ kind: 'x'.repeat(100 * megabyte) })))
        return written('x.db.gz', gzipSync(readFileSync(file)))
      },
    ],
    [
      'pages of zeros',
      () => {
        const file = record()
        const bytes = readFileSync(file).fill(0, 8_192)
        return written('x.db', bytes)
      },
    ],
    [
      'pages of noise',
      () => {
        const file = record()
        const bytes = readFileSync(file).fill(0xa5, 4_096)
        return written('x.db', bytes)
      },
    ],
    [
      'its end cut off',
      () => {
        const bytes = readFileSync(record())
        return written('x.db', bytes.subarray(0, bytes.length / 2))
      },
    ],
  ])('%s', async (_, make) => void (await expectRefused(await make())))

  it('pages that hang together in a circle', async () => {
    const file = record()
    const bytes = readFileSync(file)
    const database = openDatabase(file)
    const root = database
      .prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'events'")
      .pluck()
      .get() as number
    database.close()
    const at = (root - 1) * 4_096
    expect(bytes[at], 'the table has an interior page').toBe(5)
    // Each child is the page itself.
    const cells = bytes.readUInt16BE(at + 3)
    for (let cell = 0; cell < cells; cell++)
      bytes.writeUInt32BE(root, at + bytes.readUInt16BE(at + 12 + 2 * cell))
    bytes.writeUInt32BE(root, at + 8)
    await expectRefused(written('x.db', bytes))
  })
})

describe('every reading command', () => {
  const commands: [string, (file: string) => string[]][] = [
    ['status', (file) => ['status', '--db', file]],
    ['status --json', (file) => ['status', '--json', '--db', file]],
    ['blocking', (file) => ['blocking', '--db', file]],
    ['shadow', (file) => ['shadow', '--db', file]],
    ['history', (file) => ['history', '--db', file]],
    ['report', (file) => ['report', '--db', file]],
    ['export', (file) => ['export', '--format', 'ndjson', '--db', file]],
    ['bundle', (file) => ['bundle', '-o', newFile('bundle.tar.gz'), '--db', file]],
  ]
  describe.each(commands)('%s', (_name, command) => {
    it.each<[string, () => string]>([
      ['foreign', () => written('x', 'no record\n')],
      ['newer', () => record((database) => database.pragma('user_version = 99'))],
      ['damaged', () => written('x.db', readFileSync(record()).fill(0xa5, 4_096))],
      ['empty', () => written('x', '')],
    ])('ends with 3 for a %s file', async (_, make) => {
      const file = make()
      await expectRefused(file, command(file))
    })

    it.each<[string, () => string, RegExp]>([
      [
        'cut in its compressed data',
        () => written('x.gz', raw.subarray(0, raw.length - 500)),
        /its end is missing/,
      ],
      ['cut in its last frame', () => written('x', gunzipSync(raw).subarray(0, -20)), /: its end is missing/],
      [
        'with a frame that is no record',
        () => written('x', Buffer.concat([gunzipSync(raw), frameBytes('record', Buffer.alloc(4))])),
        /1 of its frames is no record/,
      ],
      [
        'cut in its last line',
        () => written('x', ndjson(events).slice(0, -20)),
        /1 of its lines is no record/,
      ],
      [
        'with lines that are none',
        () => written('x', `${ndjson(events)}oops\n{}\n`),
        /2 of its lines are no records/,
      ],
      [
        'whose events go back',
        () => written('x', ndjson([...events, ...events.slice(0, 3)])),
        /3 of its lines/,
      ],
    ])('a recording %s is never said to be whole', async (_, make, sentence) => {
      const file = make()
      const { exitCode, stderr } = await klpscope(...command(file))
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 3 })
      expect(stderr).toContain(`${file} is damaged: `)
      expect(stderr).toMatch(sentence)
    })
  })
})

it('a whole export is read, whatever its lines end in, and a whole recording', async () => {
  const text = ndjson(events)
  let line = 0
  const mixed = text.replaceAll('\n', () => ['\r\n', '\n', '\r'][line++ % 3] as string)
  const exported = [text, `\ufeff${text}`, text.replaceAll('\n', '\r\n'), mixed, text.trimEnd()]
  for (const contents of [...exported, raw, gunzipSync(raw)]) {
    const { exitCode, stderr } = await klpscope('history', '--db', written('x', contents))
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  }
})

it('replay of a foreign file ends with 3 too', async () => {
  const file = written('x', 'no record\n')
  await expectRefused(file, ['replay', file])
})

describe('a command line that is wrong ends with 3, which no check takes for a warning', () => {
  it.each([
    [['status', '--db', '']],
    [['status', '--nonsense']],
    [['status', '--url', 'nowhere']],
    [['status', '--url', '']],
    [['nonsense']],
    [['history', '--limit', 'x']],
    [['replay']],
    [['replay', '']],
    [['export', '--format', 'x']],
    [['bundle']],
    [[]],
  ])('%j', async (args) => {
    const { exitCode, stdout, stderr } = await klpscope(...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stderr).not.toBe('')
  })

  it.each([[['--help']], [['status', '--help']], [['--version']]])('but %j ends with 0', async (args) => {
    expect(await klpscope(...args)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('no daemon is unknown too', async () => {
    expect(await klpscope('status')).toMatchObject({ exitCode: 3, stdout: '' })
  })
})
