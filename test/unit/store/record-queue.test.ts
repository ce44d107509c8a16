import { copyFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import type { Step } from '../../../daemon/engine.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { openRecord } from '../../../daemon/store/open-record.ts'
import { createRecordFile, type RecordFile } from '../../../daemon/store/record-file.ts'
import { createRecordQueue, type RecordQueueOptions } from '../../../daemon/store/record-queue.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { aWorld, type Happening } from '../support/fold.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const files: RecordFile[] = []
afterEach(() => {
  for (const file of files.splice(0)) file.close()
})

/** A queue over a record written in this thread; `refuse` makes the disk fail. */
const aQueue = (options: Partial<RecordQueueOptions> = {}) => {
  const file = createRecordFile(dir.path('klpscope.db'), { days: null, mb: null })
  file.open()
  files.push(file)
  const failing: Error[] = []
  const recovered: number[] = []
  const durable: boolean[] = []
  const kept: number[] = []
  let refusing = false
  let writingMs = 0
  const disk = () => {
    if (refusing) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
  }
  const queue = createRecordQueue(
    {
      write: async (events, isDurable) => {
        disk()
        if (writingMs > 0) await sleep(writingMs)
        durable.push(isDurable)
        file.write(events, isDurable)
      },
      keep: async (lastSeq, lines) => {
        disk()
        kept.push(lastSeq)
        file.keep(lastSeq, lines)
      },
      adopt: async (state) => {
        disk()
        file.adopt(state)
      },
    },
    {
      retryMs: 5,
      onFailing: (error) => failing.push(error),
      onRecovered: (lost) => recovered.push(lost),
      ...options,
    },
  )
  return {
    queue,
    failing,
    recovered,
    durable,
    kept,
    slow: (ms: number) => {
      writingMs = ms
    },
    refuse: (now: boolean) => {
      refusing = now
    },
  }
}

const recorded = (): Event[] => {
  const database = openDatabase(dir.path('klpscope.db'), { readonly: true })
  const rows = database.prepare('SELECT data FROM events ORDER BY seq').all() as { data: string }[]
  database.close()
  return rows.map(({ data }) => JSON.parse(data) as Event)
}
const restored = (seq?: number): string => {
  const database = openDatabase(dir.path('klpscope.db'), { readonly: true })
  const state = serializeState(restoreState(database, seq))
  database.close()
  return state
}

const story = () => {
  const world = aWorld()
  let second = 0
  const step = (happening: Happening): Step => {
    const event = world.at(++second, happening)
    return { event, state: world.state(), effects: [] }
  }
  return {
    /** Counts, which may be lost with the last second. */
    counts: () => step({ kind: 'shadow-counts', counts: [], notStreamed: 0 }),
    /** An event that documents a transition. */
    signal: () => step({ kind: 'transition-signalled', patch: 'p', direction: 'patching', round: 1 }),
    lost: () => step({ kind: 'events-lost', source: 'tracer', count: 1 }),
  }
}
const until = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 4_000 && !holds(); tries++) await sleep(5)
  expect(holds()).toBe(true)
}

describe('events', () => {
  it.each(recordingNames)(
    'of %s are in the record as they came, and it folds to the live state',
    async (name) => {
      const { queue } = aQueue()
      const steps = stepsOf(name)
      for (const step of steps) queue.record(step)
      await queue.flush()
      expect(recorded()).toEqual(steps.map(({ event }) => event))
      expect(restored()).toBe(serializeState(steps.at(-1)!.state))
      expect(queue.status()).toMatchObject({
        failure: null,
        waiting: 0,
        waitingBytes: 0,
        fill: 0,
        lost: 0,
        losing: false,
      })
    },
  )

  it('of a transition are written durably at once, with what came before them; counts alone wait', async () => {
    const { queue, durable } = aQueue()
    const { counts, signal } = story()
    queue.record(counts())
    await sleep(100)
    expect(recorded()).toHaveLength(0)
    const begun = performance.now()
    queue.record(signal())
    await until(() => recorded().length === 2)
    // 100 ms on a machine that does nothing else (test/end-to-end/power-loss.test.ts); counts wait for a second.
    expect(performance.now() - begun).toBeLessThan(700)
    expect(durable).toEqual([true])
    queue.record(counts())
    await until(() => recorded().length === 3)
    expect(durable).toEqual([true, false])
  })

  it('are all written on closing', async () => {
    const { queue } = aQueue()
    const { counts } = story()
    for (let n = 0; n < 5_000; n++) queue.record(counts())
    expect(await queue.close()).toBe(0)
    expect(recorded()).toHaveLength(5_000)
  })
})

describe('when events come faster than they are written', () => {
  const theStorm = (events: number) => {
    const { signal } = story()
    return Array.from({ length: events }, signal)
  }

  it('they are on disk all the same, and sorted in after a power loss', async () => {
    const { queue, kept, slow } = aQueue()
    slow(100)
    const steps = theStorm(5_000)
    for (const step of steps) queue.record(step)
    await until(() => kept.length > 0)
    await sleep(20)
    expect(kept).toEqual([5_000])
    expect(recorded().length).toBeLessThan(5_000)

    // What another machine would find on this disk now.
    const left = dir.path('left.db')
    for (const suffix of ['', '-wal']) copyFileSync(dir.path('klpscope.db') + suffix, left + suffix)
    const read = await openRecord(left)
    const count = 'SELECT count(*) FROM events'
    expect(read.database.prepare(count).pluck().get(), 'for who only reads').toBe(5_000)
    read.close()
    const next = createRecordFile(left, { days: null, mb: null })
    expect(next.open().state).toBe(serializeState(steps.at(-1)!.state))
    next.close()
    const after = openDatabase(left, { readonly: true })
    const rows = after.prepare('SELECT data FROM events ORDER BY seq').pluck().all()
    expect(rows).toEqual(steps.map(({ event }) => JSON.stringify(event)))
    expect(after.prepare('SELECT count(*) FROM unsorted').pluck().get()).toBe(0)
    after.close()

    slow(0)
    await queue.flush()
    expect(recorded()).toEqual(steps.map(({ event }) => event))
  })

  it('those that come while others are written are kept in between', async () => {
    const { queue, kept, slow } = aQueue()
    slow(50)
    const steps = theStorm(2_000)
    for (let from = 0; from < steps.length; from += 200) {
      for (const step of steps.slice(from, from + 200)) queue.record(step)
      await sleep(10)
    }
    await until(() => kept.at(-1) === 2_000)
    expect(kept.length).toBeGreaterThan(1)
    slow(0)
    await queue.flush()
    expect(recorded()).toHaveLength(2_000)
  })

  it('a question need not wait for those that come after it', async () => {
    const { queue, slow } = aQueue()
    slow(20)
    const steps = theStorm(1_000)
    const early = steps.splice(0, 50)
    for (const step of early) queue.record(step)
    let answered = false
    let atAnswer = 0
    void queue.flush().then(() => {
      answered = true
      atAnswer = recorded().length
    })
    while (!answered) {
      queue.record(steps.shift()!)
      await sleep(1)
    }
    expect(steps.length).toBeGreaterThan(0)
    expect(atAnswer).toBeGreaterThanOrEqual(50)
    slow(0)
    await queue.flush()
  })

  it('no more than a certain number waits, and what is lost is counted', async () => {
    const { queue, recovered, slow } = aQueue({ maxWaitingEvents: 500 })
    slow(60)
    const steps = theStorm(3_000)
    for (let from = 0; from < steps.length; from += 100) {
      for (const step of steps.slice(from, from + 100)) queue.record(step)
      expect(queue.status().waiting).toBeLessThanOrEqual(500)
      await sleep(5)
    }
    slow(0)
    await queue.flush()
    await until(() => queue.status().waiting === 0 && recovered.length > 0)
    const lost = recovered.reduce((sum, count) => sum + count, 0)
    expect(lost).toBeGreaterThan(100)
    expect(queue.status().lost).toBe(lost)
    expect(recorded().length + lost).toBe(3_000)
  })
})

describe('while the disk refuses', () => {
  it('events wait, are told of as waiting, and are written when it takes them again: none is lost', async () => {
    const { queue, failing, recovered, refuse } = aQueue()
    const { signal } = story()
    refuse(true)
    for (let n = 0; n < 10; n++) queue.record(signal())
    await until(() => failing.length > 0)
    queue.record(signal())
    expect(queue.status()).toMatchObject({ failure: { code: 'SQLITE_FULL' }, waiting: 11, lost: 0 })
    refuse(false)
    await until(() => recovered.length > 0)
    expect(recovered).toEqual([0])
    expect(failing).toHaveLength(1)
    expect(recorded().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(queue.status()).toMatchObject({
      failure: null,
      waiting: 0,
      waitingBytes: 0,
      fill: 0,
      lost: 0,
      losing: false,
    })
  })

  it('a single failure is not worth telling', async () => {
    const { queue, failing, recovered, refuse } = aQueue({ retryMs: 30 })
    refuse(true)
    queue.record(story().signal())
    await sleep(20)
    refuse(false)
    await until(() => recorded().length === 1)
    expect([failing, recovered]).toEqual([[], []])
  })

  it.each([
    ['number', { maxWaitingEvents: 10 }],
    ['size', { maxWaitingBytes: 1_500 }],
  ])(
    'no more than a certain %s waits; what is lost is counted, and the state after it is right',
    async (_, bound) => {
      const { queue, recovered, refuse } = aQueue(bound)
      const { signal, lost } = story()
      refuse(true)
      const steps = [...Array.from({ length: 50 }, lost), signal()]
      for (const step of steps) queue.record(step)
      const { waiting, waitingBytes, lost: missed } = queue.status()
      // An events-lost that is lost itself carries its own count over.
      const missing = steps.slice(waiting)
      expect(missed).toBe(missing.reduce((sum, { event }) => sum + (event.kind === 'events-lost' ? 2 : 1), 0))
      expect(waiting).toBeLessThan(15)
      expect(waitingBytes).toBeLessThan(2_000)
      await sleep(30)
      refuse(false)
      await until(() => recovered.length > 0)
      expect(recovered).toEqual([missed])
      const after = lost()
      queue.record(after)
      await queue.flush()
      expect(recorded()).toHaveLength(waiting + 1)
      expect(restored()).toBe(serializeState(after.state))
      expect(restored(waiting), 'and before the hole').toBe(serializeState(steps[waiting - 1]!.state))
    },
  )

  it('closing gives up after another try, and says how many events are not in the record', async () => {
    const { queue, refuse } = aQueue({ maxWaitingEvents: 3 })
    const { signal } = story()
    refuse(true)
    for (let n = 0; n < 5; n++) queue.record(signal())
    expect(await queue.close()).toBe(5)
  })
})

it('asks nothing of its sink any more once it is closed: the thread behind it is being ended', async () => {
  const { queue, durable, slow } = aQueue()
  const { signal } = story()
  slow(100)
  queue.record(signal())
  void queue.flush()
  queue.record(signal())
  expect(await queue.close(performance.now() + 10)).toBe(2)
  await sleep(400)
  expect(durable, 'what was under way when it was closed').toHaveLength(1)
})
