import { isMonoNs } from '../contract/bounds.ts'
import type { EventDraft } from '../contract/event.ts'
import type { LossPlace } from '../contract/loss-place.ts'
import { isTracerPart } from '../contract/tracer-part.ts'
import { withinBounds } from '../contract/within-bounds.ts'
import type { TracerRecord } from '../raw/records.ts'
import { parseLinks } from './blame.ts'
import { callRecords } from './call-records.ts'
import { mapClock } from './clock.ts'
import { observeSites } from './ftrace-sites.ts'
import { nameInventoryByHand } from './inventory.ts'
import { checkLogFrom } from './log-check.ts'
import { decodeKernelLog } from './log-records.ts'
import { type DecodeContext, freshContext } from './probe-set.ts'
import { probeSets } from './probe-sets.ts'
import { inspectTask } from './procfs-task.ts'
import type { RawRecord } from './raw-record.ts'
import { isAttached, seesWith } from './sees.ts'
import { nameCallers } from './shadow-callers.ts'
import { mayMove } from './symbols.ts'
import { adoptShown, observePatches } from './sysfs.ts'
import { isCount, takeCounts } from './task-counts.ts'
import { observeUnlessVoid } from './task-list.ts'
import { parseProcfs } from './task-table.ts'
import { decodeText } from './text-records.ts'
import { forgetTracer, tracerRecords } from './tracer-records.ts'
import { decodeUserProbe } from './user-probe.ts'
import { overdueRefusals } from './waiting-refusals.ts'

/** Each takes the record of its name. */
const probeDecoders = new Map(
  Object.entries(Object.assign({}, tracerRecords, callRecords, ...probeSets.map((set) => set.decoders))),
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
      const hasTime = isMonoNs(record.monoNs)
      if (hasTime) lastMonoNs = record.monoNs
      const failed = (error: unknown): EventDraft => decodeFailed(record, lastMonoNs, error)
      try {
        if (!hasTime) throw new Error(`not a time: ${JSON.stringify(record.monoNs)}`)
        const drafts = decodeRecord(context, record)
        if (drafts.length > 0) context.toldNs = BigInt(record.monoNs)
        return drafts.map((draft) => {
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
    case 'text':
      return decodeText(context, record.text)
    case 'procfs-tasks':
      return observeUnlessVoid(context, parseProcfs(record.tasks), record)
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
      return nameInventoryByHand(context, record.symbols, monoNs)
    case 'shadow-callers':
      nameCallers(context.shadowCallers, record.callers)
      return []
    case 'ftrace-sites':
      return observeSites(record.lines, monoNs)
    case 'kernel-log':
      return decodeKernelLog(context, record)
    case 'overhead': {
      const { source: _, ...overhead } = record
      return [{ kind: 'overhead-measured', ...overhead }]
    }
    case 'user-probe':
      return decodeUserProbe(record)
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
  if (mayMove(record.record)) context.symbols.clear()
  const adopted = triesTasks.includes(record.record) ? adoptShown(context, String(record.monoNs)) : []
  return [...counts, ...adopted, ...decode(record, context)]
}

/** The kernel does that in a transition that has started, and at no other time. */
const triesTasks: readonly string[] = ['task-blocked', 'task-switched', 'transition-signalled']

const decodeTracer = (
  context: DecodeContext,
  record: Extract<RawRecord, { source: 'tracer' }>,
): EventDraft[] => {
  const { monoNs } = record
  switch (record.what) {
    case 'attached':
      context.attached = seesWith(record.probeSets, 'transition')
      context.tasksAttached = seesWith(record.probeSets, 'tasks')
      context.signalsAttached = isAttached(record.probeSets, 'tasks', ['klp_try_complete_transition'])
      context.shadowAttached = seesWith(record.probeSets, 'shadow')
      context.lifecycle.sees = {
        loads: seesWith(record.probeSets, 'lifecycle'),
        modules: isAttached(record.probeSets, 'lifecycle', ['klp_module_coming']),
      }
      if (context.attached) checkLogFrom(context.logCheck, monoNs)
      return [{ kind: 'tracer-attached', monoNs, probeSets: record.probeSets }]
    case 'gap':
      return [
        {
          kind: 'tracer-gap',
          monoNs,
          source: record.part,
          fromMonoNs: record.fromMonoNs,
          toMonoNs: monoNs,
          reason: record.reason,
        },
        ...(isTracerPart(record.part) ? forgetTracer(context) : []),
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
  source: 'record',
  count,
  place,
})
