import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Event, EventKind, EventOf } from '../../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { createEngine, type Step } from '../../../daemon/engine.ts'
import { probeRecord, type RawRecord, textRecord } from '../../../daemon/probes/raw-record.ts'
import { TracerStream } from '../../../daemon/raw/tracer-stream.ts'
import { foldRecording } from '../../../daemon/replay/fold-recording.ts'

const dir = join(import.meta.dirname, '../../recordings')
const suffix = '.recording.gz'

/** Every recording, as `scenario-kernel`. */
export const recordingNames: readonly string[] = readdirSync(dir)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length))
  .sort()

/** Those of one scenario, on whichever kernels it was captured. */
export const recordingsOf = (scenario: string): string[] => {
  const found = recordingNames.filter((name) => name.slice(0, name.lastIndexOf('-')) === scenario)
  if (found.length === 0) throw new Error(`there is no recording of ${scenario}`)
  return found
}

export const readRecording = (name: string): RawRecord[] =>
  [
    ...new TracerStream({ ofRecording: true }).read(gunzipSync(readFileSync(join(dir, `${name}${suffix}`)))),
  ].flatMap((message): RawRecord[] => {
    if (message.type === 'record') return [probeRecord(message.record)]
    if (message.type === 'text') return [textRecord(message)]
    return message.type === 'observation' ? [message.observation as RawRecord] : []
  })

/** The runs of the daemon in a recording: each begins with the clocks and the host. */
export const runsOf = (records: readonly RawRecord[]): RawRecord[][] => {
  const begins = records.flatMap((record, index) =>
    record.source === 'host' ? [Math.max(0, index - 1)] : [],
  )
  return begins.map((begin, run) => records.slice(run === 0 ? 0 : begin, begins[run + 1]))
}

/** Everything that comes of one run's raw records, step by step. */
export const runRecords = (records: readonly RawRecord[], from: CoreState = initialState): Step[] => {
  const steps: Step[] = []
  const engine = createEngine(from, [(step) => steps.push(step)])
  for (const record of records) engine.ingest(record)
  return steps
}

const known = new Map<string, Step[]>()
/** The steps of a recording, a daemon for each run of it; computed once per test file, steps are immutable. */
export const stepsOf = (name: string): Step[] => {
  const steps = known.get(name) ?? []
  if (steps.length > 0) return steps
  for (const run of runsOf(readRecording(name))) steps.push(...runRecords(run, steps.at(-1)?.state))
  known.set(name, steps)
  return steps
}

/** The steps of an export of an earlier version, test/recordings/NAME.ndjson.gz. */
export const stepsOfExport = (name: string): Step[] => {
  const steps: Step[] = []
  const folding = foldRecording((step) => steps.push(step))
  for (const line of gunzipSync(readFileSync(join(dir, `${name}.ndjson.gz`)))
    .toString('utf8')
    .split('\n'))
    folding.take(line)
  return steps
}
export const eventsOf = (name: string): Event[] => stepsOf(name).map((step) => step.event)

export const ofKind = <K extends EventKind>(events: readonly Event[], kind: K): EventOf<K>[] =>
  events.filter((event): event is EventOf<K> => event.kind === kind)
