import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { gapsOf } from '../../../daemon/core/gap.ts'
import { FrameReader } from '../../../daemon/raw/frames.ts'
import { openReplay, type Replay } from '../../../daemon/replay/open-replay.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { migrations } from '../../../daemon/store/schema.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { frameBytes } from '../support/frame-bytes.ts'
import { anOldRecord } from '../support/old-record.ts'
import { recordSteps } from '../support/record-steps.ts'
import { eventsOf, recordingNames, recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const opened: Replay[] = []
afterEach(() => {
  for (const replay of opened.splice(0)) replay.close()
})
const open = async (file: string): Promise<Replay> => {
  const replay = await openReplay(file)
  opened.push(replay)
  return replay
}
const written = (name: string, contents: string | Buffer): string => {
  const file = dir.path(name)
  writeFileSync(file, contents)
  return file
}
const rawFile = (name: string) => join(import.meta.dirname, '../../recordings', `${name}.recording.gz`)
const rawBytes = (name: string) => gunzipSync(readFileSync(rawFile(name)))
const exportedFile = (name: string) => join(import.meta.dirname, '../../recordings', `${name}.ndjson.gz`)
const liveState = (name: string) => serializeState(stepsOf(name).at(-1)!.state)
const ndjson = (events: readonly unknown[]) => `${events.map((event) => JSON.stringify(event)).join('\n')}\n`
const failureOf = async (file: string): Promise<UserError> => {
  const error = await open(file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}
const [aName] = recordingNames as [string]

describe.each(recordingNames)('recording %s', (name) => {
  it.each<[string, () => string]>([
    ['its raw records, gzipped', () => rawFile(name)],
    ['its raw records', () => written('raw.recording', rawBytes(name))],
    ['its events, exported', () => written('events.ndjson', ndjson(eventsOf(name)))],
    ['its events, gzipped', () => written('events.ndjson.gz', gzipSync(ndjson(eventsOf(name))))],
  ])('replayed from %s ends as the live run did, byte for byte', async (_, file) => {
    const { state, database, malformed, damage } = await open(file())
    expect(serializeState(state)).toBe(liveState(name))
    expect(serializeState(restoreState(database))).toBe(liveState(name))
    expect({ malformed, damage }).toEqual({ malformed: 0, damage: null })
  })

  it('replayed from its database ends so too, and the database is left as it was', async () => {
    mkdirSync(dir.path('record'))
    const file = join(dir.path('record'), 'klpscope.db')
    recordSteps(stepsOf(name), file).close()
    const before = readFileSync(file)
    const { state } = await open(file)
    expect(serializeState(state)).toBe(liveState(name))
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(dir.path('record'))).toEqual(['klpscope.db'])
  })
})

describe('a database', () => {
  /** What a daemon leaves that was killed: a -wal with the newest of it. */
  const leftByCrash = (folder: string): string => {
    mkdirSync(dir.path(folder))
    const file = join(dir.path(folder), 'klpscope.db')
    const writer = recordSteps(stepsOf(aName), dir.path('writing.db'))
    writer.exec("DELETE FROM checkpoints; INSERT INTO series (name) VALUES ('written-last')")
    for (const suffix of ['', '-wal']) copyFileSync(dir.path(`writing.db${suffix}`), file + suffix)
    writer.close()
    return file
  }

  it('left by a crash is read to its end', async () => {
    const { database, state } = await open(leftByCrash('crashed'))
    expect(serializeState(state)).toBe(liveState(aName))
    expect(database.prepare('SELECT name FROM series').all()).toContainEqual({ name: 'written-last' })
  })

  it('left by a crash is read where nothing may be written', async () => {
    const file = leftByCrash('locked')
    for (const suffix of ['', '-wal']) chmodSync(file + suffix, 0o444)
    chmodSync(dir.path('locked'), 0o555)
    const root = process.getuid?.() === 0
    if (root) process.seteuid?.(65_534)
    try {
      const { database } = await open(file)
      expect(database.prepare('SELECT name FROM series').all()).toContainEqual({ name: 'written-last' })
    } finally {
      if (root) process.seteuid?.(0)
      chmodSync(dir.path('locked'), 0o755)
    }
  })

  it('of an older klpscope is brought up to date in a copy', async () => {
    const file = anOldRecord(dir.path('old.db'), stepsOf(aName), 1)
    const { database } = await open(file)
    expect(createPast(database).runs(10)).toHaveLength(1)
    const still = new Database(file, { readonly: true })
    expect(still.pragma('user_version', { simple: true })).toBe(1)
    still.close()
  })

  it('that is gzipped is unpacked', async () => {
    recordSteps(stepsOf(aName), dir.path('a.db')).close()
    const { state } = await open(written('a.db.gz', gzipSync(readFileSync(dir.path('a.db')))))
    expect(serializeState(state)).toBe(liveState(aName))
  })

  it('with damage in its middle is refused with what to do', async () => {
    recordSteps(stepsOf(aName), dir.path('a.db')).close()
    const bytes = readFileSync(dir.path('a.db'))
    bytes.fill(0xa5, 4096)
    expect((await failureOf(written('damaged.db', bytes))).remedy).toMatch(/recover/)
  })
})

describe('of an earlier version', () => {
  it.each(['starved-6.12', 'no-probes-6.12'])('the export %s is read whole', async (name) => {
    const { state, malformed, damage } = await open(exportedFile(name))
    expect({ malformed, damage }).toEqual({ malformed: 0, damage: null })
    expect(state.lastTransition).toMatchObject({ direction: 'unpatching', outcome: 'completed' })
    expect(gapsOf(state.tracer).map(({ source, seen }) => `${source} ${seen}`)).toContain('tracer polling')
  })

  it('a recording in lines is refused, with what to do', async () => {
    const lines = [
      { monoNs: '1', source: 'clock', wallNs: '1795216289129000000' },
      { monoNs: '2', source: 'bpftrace', line: '{"type": "value", "data": ["transition.start"]}' },
    ]
    const { message, remedy } = await failureOf(written('raw.ndjson', ndjson(lines)))
    expect(message).toMatch(/a recording of an earlier version of klpscope/)
    expect(remedy).toMatch(/klpscope export/)
  })
})

describe('a file that is no record', () => {
  const sqlite = (prepare: (database: Database.Database) => void): string => {
    const database = new Database(dir.path('x.db'))
    prepare(database)
    database.close()
    return dir.path('x.db')
  }
  it.each<[string, () => string, RegExp]>([
    ['missing', () => dir.path('nowhere'), /does not exist/],
    ['empty', () => written('x', ''), /is empty/],
    ['gzipped nothing', () => written('x.gz', gzipSync('')), /no record/],
    ['a directory', () => dir.path('.'), /is a directory, not a file/],
    ['text', () => written('x', 'This is no record.\n'.repeat(100)), /no line of it can be read/],
    ['JSON of another kind', () => written('x', '{"a":1}\n[2]\nnull\n'), /no line of it can be read/],
    ['a stub of a database', () => written('x', 'SQLite format 3\0'), /damaged or not/],
    ["someone else's database", () => sqlite((it) => it.exec('CREATE TABLE t (a)')), /not one of klpscope's/],
    [
      'from a newer klpscope',
      () =>
        sqlite((it) => {
          it.exec('CREATE TABLE events (a)')
          it.pragma(`application_id = ${0x6b6c7073}`)
          it.pragma(`user_version = ${migrations.length + 1}`)
        }),
      /newer klpscope/,
    ],
  ])('%s is refused in one sentence, by its own name', async (_, prepare, message) => {
    const file = prepare()
    const error = await failureOf(file)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(file)
    expect(error.remedy).not.toBe('')
  })
})

describe('damage', () => {
  it('at the end of a gzip file costs the end only, and is told', async () => {
    const whole = readFileSync(rawFile(aName))
    const { state, damage } = await open(written('cut.gz', whole.subarray(0, whole.length - 500)))
    expect(damage).not.toBeNull()
    expect(state.seq).toBeGreaterThan(0)
  })

  const junk = fc.oneof(
    fc.string().filter((text) => text.trim() !== '' && !/[\r\n\u2028\u2029]/.test(text)),
    fc.json().filter((text) => text.trim() !== ''),
    fc.constantFrom(
      '{"monoNs":"x","source":"host"}',
      '{"monoNs":"1","source":"host"}',
      '{"monoNs":"1","source":"tracer","what":"gap"}',
      '{"monoNs":"1","source":"sysfs","patches":5}',
      '{"seq":1,"time":"noon","monoNs":"1","kind":"tracer-stopped","reason":"x"}',
    ),
  )
  const aroundJunk = (lines: string[]) =>
    fc
      .array(fc.tuple(fc.integer({ min: 1, max: lines.length }), junk), { minLength: 1, maxLength: 5 })
      .map((inserted) => {
        const all = [...lines]
        for (const [at, text] of inserted) all.splice(at, 0, text)
        return all.join('\n')
      })

  /** What is a frame, and says nothing. */
  const junkFrame = fc.oneof(
    junk.map((text) => frameBytes('observation', Buffer.from(text))),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => frameBytes('record', bytes)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => frameBytes('text', bytes)),
  )
  it('in frames is counted, and told as decode-failed; the rest comes through', {
    timeout: 60_000,
  }, async () => {
    const [name] = recordingsOf('cancel') as [string]
    const frames = [...new FrameReader(true).read(rawBytes(name))].map(({ bytes }) => new Uint8Array(bytes))
    const inserted = fc.array(fc.tuple(fc.integer({ min: 1, max: frames.length }), junkFrame), {
      minLength: 1,
      maxLength: 5,
    })
    await fc.assert(
      fc.asyncProperty(inserted, async (between) => {
        const all: Uint8Array[] = [...frames]
        for (const [at, frame] of between) all.splice(at, 0, frame)
        const replay = await openReplay(written('junk.recording', Buffer.concat(all)))
        const { state, malformed, damage } = replay
        const told = replay.database.prepare("SELECT count(*) FROM events WHERE kind = 'decode-failed'")
        expect(told.pluck().get()).toBe(between.length)
        replay.close()
        expect(damage === null).toBe(malformed === 0)
        expect(state.lastTransition).toMatchObject({
          patch: stepsOf(name).at(-1)!.state.lastTransition!.patch,
        })
      }),
      { numRuns: 10 },
    )
  })

  it('that is no frame ends what can be read of a recording, and is told', async () => {
    const bytes = rawBytes(aName)
    const half = bytes.subarray(0, bytes.length / 2)
    const { state, damage } = await open(
      written('broken.recording', Buffer.concat([half, Buffer.alloc(100_000, 0xa5), half])),
    )
    expect(damage).toMatch(/it cannot be read further/)
    expect(state.seq).toBeGreaterThan(5)
  })

  it('in lines of events is counted; the rest comes through', { timeout: 60_000 }, async () => {
    const events = eventsOf(aName)
    const lines = events.map((event) => JSON.stringify(event))
    await fc.assert(
      fc.asyncProperty(aroundJunk(lines), async (text) => {
        const { state, malformed, close } = await openReplay(written('junk.ndjson', text))
        close()
        expect(malformed).toBeGreaterThan(0)
        expect(serializeState(state)).toBe(liveState(aName))
      }),
      { numRuns: 10 },
    )
  })

  it('a part of an export begins where it begins', async () => {
    const events = eventsOf(aName)
    const part = events.slice(10)
    const { database, state } = await open(written('part.ndjson', ndjson(part)))
    expect(state.seq).toBe(events.at(-1)!.seq)
    expect(createPast(database).bounds()).toMatchObject({ first: { seq: part[0]!.seq } })
    expect(createPast(database).stateAfter(part[0]!.seq).seq).toBe(part[0]!.seq)
  })
})
