import { monoNsSchema } from '../contract/bounds.ts'
import type { EventDraft } from '../contract/event.ts'
import type { LossPlace } from '../contract/loss-place.ts'
import { isTracerPart } from '../contract/tracer-part.ts'
import { withinBounds } from '../contract/within-bounds.ts'
import type { TracerRecord } from '../raw/records.ts'
import { parseLinks } from './blame.ts'
import { mapsOfRecords, recordsOfTuple } from './bpftrace-records.ts'
import { callRecords } from './call-records.ts'
import { mapClock } from './clock.ts'
import { observeSites } from './ftrace-sites.ts'
import { decodeFunctionTracer } from './function-calls.ts'
import { nameInventory } from './inventory.ts'
import { decodeKernelLog } from './log-records.ts'
import { type DecodeContext, freshContext, type RecordDecoder } from './probe-set.ts'
import { probeSets } from './probe-sets.ts'
import { inspectTask } from './procfs-task.ts'
import type { RawRecord } from './raw-record.ts'
import { nameCallers } from './shadow-callers.ts'
import { shadowRecords } from './shadow-records.ts'
import { observePatches } from './sysfs.ts'
import { isCount, takeCounts } from './task-counts.ts'
import { observeUnlessVoid } from './task-list.ts'
import { parseIterator, parseProcfs } from './task-table.ts'
import { forgetTracer, tracerRecords } from './tracer-records.ts'
import { Tuple } from './tuple.ts'
import { overdueRefusals } from './waiting-refusals.ts'

const tupleDecoders = new Map<string, RecordDecoder>(
  probeSets.flatMap((set) => Object.entries(set.records ?? {})),
)
const mapNames = new Set([...mapsOfRecords, ...probeSets.flatMap((set) => set.maps ?? [])])
/** Each takes the record of its name. */
const probeDecoders = new Map(
  Object.entries(
    Object.assign({}, tracerRecords, shadowRecords, callRecords, ...probeSets.map((set) => set.decoders)),
  ),
) as Map<string, (record: TracerRecord, context: DecodeContext) => EventDraft[]>

export type Decoder = { decode: (record: RawRecord) => EventDraft[] }

/**
 * Turns raw records into events. Pure but for its own memory: the same records give the same events.
 * A record that cannot be read becomes a `decode-failed` event, never an exception.
 */
export const createDecoder = (): Decoder => {
  const context = freshContext()
  let lastMonoNs = '0'
  return {
    decode: (record) => {
      const hasTime = monoNsSchema.safeParse(record.monoNs).success
      if (hasTime) lastMonoNs = record.monoNs
      const failed = (error: unknown): EventDraft => decodeFailed(record, lastMonoNs, error)
      try {
        if (!hasTime) throw new Error(`not a time: ${JSON.stringify(record.monoNs)}`)
        return decodeRecord(context, record).map((draft) => {
          try {
            return withinBounds(draft)
          } catch (error) {
            return failed(error)
          }
        })
      } catch (error) {
        return [failed(error)]
      }
    },
  }
}

const decodeFailed = (record: RawRecord, monoNs: string, error: unknown): EventDraft =>
  withinBounds({
    kind: 'decode-failed',
    monoNs,
    source: String(record.source),
    error: error instanceof Error ? error.message : String(error),
    raw:
      'line' in record && typeof record.line === 'string'
        ? record.line
        : JSON.stringify(record, bigintsAsText),
  })

const bigintsAsText = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value

const decodeRecord = (context: DecodeContext, record: RawRecord): EventDraft[] => {
  const { monoNs } = record
  switch (record.source) {
    case 'host': {
      const { source: _, ...host } = record
      return [{ kind: 'tracer-started', ...host }]
    }
    case 'clock':
      return mapClock(context, record)
    case 'probe':
      return decodeProbe(context, record.record)
    case 'bpftrace':
      return decodeLine(context, record.line, monoNs)
    case 'task-iterator':
      return observeUnlessVoid(context, parseIterator(record.text), 'iterator', record)
    case 'procfs-tasks':
      return observeUnlessVoid(context, parseProcfs(record.tasks), 'procfs', record)
    case 'sysfs':
      return [
        ...overdueRefusals(context, monoNs),
        ...observePatches(context, record.patches, record.modules, monoNs),
      ]
    case 'procfs-task':
      return inspectTask(context, record)
    case 'bpf-links':
      context.links = parseLinks(record.links, record.programs)
      return []
    case 'symbols':
      return nameInventory(context, record.symbols, monoNs)
    case 'shadow-callers':
      nameCallers(context.shadowCallers, record.callers)
      return []
    case 'ftrace-sites':
      return observeSites(record.lines, monoNs)
    case 'function-tracer':
      return decodeFunctionTracer(context, record, monoNs)
    case 'kernel-log':
      return decodeKernelLog(context, record)
    case 'overhead': {
      const { source: _, ...overhead } = record
      return [{ kind: 'overhead-measured', ...overhead }]
    }
    case 'tracer':
      return decodeTracer(context, record)
    case 'record':
      return decodeRecordNews(record)
    case 'recording':
      throw new Error(record.error)
    default:
      // A file written by another version, or by someone else.
      throw new Error('unknown source')
  }
}

/** One record of the tracer, and before it what was counted and has not been told. */
const decodeProbe = (context: DecodeContext, record: TracerRecord): EventDraft[] => {
  const decode = probeDecoders.get(record.record)
  if (!decode) throw new Error(`unknown record ${record.record}`)
  const counts = isCount(record.record) ? [] : takeCounts(context)
  return [...counts, ...decode(record, context)]
}

const decodeTracer = (
  context: DecodeContext,
  record: Extract<RawRecord, { source: 'tracer' }>,
): EventDraft[] => {
  const { monoNs } = record
  switch (record.what) {
    case 'attached':
      context.attached = record.probeSets.some((set) => set.name === 'transition' && set.available)
      context.tasksAttached = record.probeSets.some((set) => set.name === 'tasks' && set.available)
      context.lifecycle.attached = record.probeSets.some((set) => set.name === 'lifecycle' && set.available)
      return [{ kind: 'tracer-attached', monoNs, probeSets: record.probeSets }]
    case 'gap':
      if (isTracerPart(record.part)) forgetTracer(context)
      return [
        {
          kind: 'tracer-gap',
          monoNs,
          source: record.part,
          fromMonoNs: record.fromMonoNs,
          toMonoNs: monoNs,
          reason: record.reason,
        },
      ]
    case 'stopped':
      return [{ kind: 'tracer-stopped', monoNs, reason: record.reason }]
  }
}

const decodeRecordNews = (record: Extract<RawRecord, { source: 'record' }>): EventDraft[] => {
  const { monoNs } = record
  switch (record.what) {
    case 'failed':
      return [{ kind: 'record-failed', monoNs, reason: record.reason, remedy: record.remedy }]
    case 'renewed':
      return [{ kind: 'record-renewed', monoNs, reason: record.reason, setAside: record.setAside }]
    case 'lost':
      return [eventsLost(monoNs, record.place, record.count)]
    case 'overrun':
      return [eventsLost(monoNs, 'admission', record.lost)]
    case 'resumed': {
      const { lost } = record
      const resumed: EventDraft = { kind: 'record-resumed', monoNs, lost }
      return lost > 0 ? [eventsLost(monoNs, 'record-queue', lost), resumed] : [resumed]
    }
  }
}

/** What is lost before it is decoded is missing live as well; the rest is missing in the record only. */
const eventsLost = (monoNs: string, place: LossPlace, count: number): EventDraft => ({
  kind: 'events-lost',
  monoNs,
  source: place === 'line-queue' ? 'bpftrace' : 'record',
  count,
  place,
})

/** One line of `bpftrace -f json`. Lines about attaching are the supervisor's business. */
const decodeLine = (context: DecodeContext, line: string, monoNs: string): EventDraft[] => {
  const message: unknown = JSON.parse(line)
  if (!isMessage(message)) throw new Error('not a bpftrace message')
  switch (message.type) {
    case 'value': {
      if (!Array.isArray(message.data)) throw new Error('a value that is not a tuple')
      const tuple = new Tuple(message.data)
      const records = recordsOfTuple(tuple, context)
      // What it counted it tells at once.
      if (records)
        return [...records.flatMap((record) => decodeProbe(context, record)), ...takeCounts(context)]
      const decode = tupleDecoders.get(tuple.name)
      if (!decode) throw new Error(`unknown record ${tuple.name}`)
      return decode(tuple, context)
    }
    case 'map':
    case 'stats':
      keepMaps(context, message.data)
      return []
    case 'lost_events': {
      // The start of a transition may be among them.
      context.asking = null
      // Without a number at least one is.
      const count = (message.data as { events?: unknown } | null)?.events ?? 1
      return [{ kind: 'events-lost', monoNs, source: 'bpftrace', count: wholeNumber(count) }]
    }
    // A map update that failed: another CPU made the same key at the same moment, and one count is lost.
    case 'helper_error':
      return [{ kind: 'events-lost', monoNs, source: 'bpftrace', count: 1 }]
    case 'attached_probes':
      return []
    default:
      throw new Error(`unknown message type ${message.type}`)
  }
}

const isMessage = (value: unknown): value is { type: string; data: unknown } =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

const keepMaps = (context: DecodeContext, data: unknown): void => {
  if (typeof data !== 'object' || data === null) throw new Error('a map without contents')
  for (const [name, contents] of Object.entries(data)) {
    if (!mapNames.has(name)) throw new Error(`unknown map ${name}`)
    const entries =
      typeof contents === 'object' && contents !== null ? Object.entries(contents) : [['', contents]]
    context.maps.set(name, new Map(entries.map(([key, value]) => [String(key), wholeNumber(value)])))
  }
}

/** Newer versions print large numbers as strings. */
const wholeNumber = (value: unknown): number => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new Error(`not a whole number: ${JSON.stringify(value)}`)
  return number
}
