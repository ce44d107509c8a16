import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Database } from 'better-sqlite3'
import type { Event, EventDraft, EventKind } from '../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../daemon/core/core-state.ts'
import { numberEvent } from '../../daemon/core/number-event.ts'
import { reduce } from '../../daemon/core/reduce.ts'
import { createEngine } from '../../daemon/engine.ts'
import { probeRecord, type RawRecord } from '../../daemon/probes/raw-record.ts'
import { TracerStream } from '../../daemon/raw/tracer-stream.ts'
import { createWriter, type WrittenStep } from '../../daemon/store/writer.ts'
import { checkoutRoot } from '../lab/checkout.ts'

const wallOffsetNs = '1790000000000000000'
const pauseNs = 2_000_000_000n
/** As many as the store writes in one transaction when it is busy. */
export const writtenAtOnce = 2_000

const eventsOfRecordings = (): Event[][] => {
  const dir = join(checkoutRoot(), 'test', 'recordings')
  return readdirSync(dir)
    .filter((name) => name.endsWith('.recording.gz'))
    .map((name) => {
      const events: Event[] = []
      const engine = createEngine(initialState, [({ event }) => events.push(event)])
      const bytes = gunzipSync(readFileSync(join(dir, name)))
      for (const message of new TracerStream({ ofRecording: true }).read(bytes)) {
        if (message.type === 'record') engine.ingest(probeRecord(message.record))
        else if (message.type === 'observation') engine.ingest(message.observation as RawRecord)
      }
      return events
    })
}

/** The same again, later and with other tasks: one host, one boot, the clocks as they are. */
const varied = (event: Event, shiftNs: bigint, round: number): EventDraft => {
  const { seq: _, time: __, transition: ___, ...draft } = event
  const other = (id: number | undefined) => (id === undefined || id < 100 ? id : id + (round % 5_000) * 7)
  return {
    ...draft,
    monoNs: String(BigInt(event.monoNs) + shiftNs),
    ...(event.tid === undefined ? {} : { tid: other(event.tid) }),
    ...(event.pid === undefined ? {} : { pid: other(event.pid) }),
    ...(event.kind === 'clock-mapped' ? { offsetNs: wallOffsetNs } : {}),
    ...(event.kind === 'tracer-started' ? { bootId: 'bench' } : {}),
  } as EventDraft
}

/** Steps without end, as real runs would make them one after the other; with some kinds of events, or with all. */
export function* endlessSteps(
  wanted: (kind: EventKind) => boolean = () => true,
): Generator<WrittenStep & { before: CoreState }> {
  const recordings = eventsOfRecordings()
  let state = initialState
  let nowNs = 1_000_000_000n
  for (let round = 0; ; round++) {
    for (const events of recordings) {
      const beginNs = BigInt(events[0]?.monoNs ?? 0)
      const shiftNs = nowNs - beginNs
      for (const event of events) {
        if (!wanted(event.kind)) continue
        const before = state
        const numbered = numberEvent(state, varied(event, shiftNs, round))
        const [next, effects] = reduce(state, numbered)
        state = next
        yield { before, event: numbered, state, effects, text: JSON.stringify(numbered) }
      }
      nowNs = BigInt(state.monoNs) + pauseNs
    }
  }
}

/**
 * Writes so many events to a record, the way the daemon does.
 * @returns milliseconds spent in writing alone, and the bytes of their JSON
 */
export const fillRecord = (
  database: Database,
  events: number,
  progress: (written: number) => void = () => undefined,
): { writingMs: number; textBytes: number } => {
  const writer = createWriter(database)
  let writingMs = 0
  let textBytes = 0
  let written = 0
  let batch: (WrittenStep & { before: CoreState })[] = []
  for (const step of endlessSteps()) {
    batch.push(step)
    if (batch.length < Math.min(writtenAtOnce, events - written)) continue
    const begun = performance.now()
    writer.write(batch[0]?.before ?? initialState, batch, false)
    writingMs += performance.now() - begun
    textBytes += batch.reduce((sum, { text }) => sum + text.length, 0)
    written += batch.length
    batch = []
    progress(written)
    if (written >= events) break
  }
  return { writingMs, textBytes }
}
