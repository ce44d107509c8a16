import type { EventDraft } from '../contract/event.ts'
import { type LogFact, lastFact, lostRecords, parseKernelLog } from './kernel-log.ts'
import type { LifecycleMemory, WaitingRefusal } from './lifecycle-memory.ts'
import { blockedInLog, signalledInLog } from './log-blocks.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawRecord } from './raw-record.ts'
import { refusalInLog } from './refusal.ts'

/** The kernel's own words come by another way than the probes' records, a little earlier or later. */
const logLagNs = 1_000_000_000n
const patienceNs = 700_000_000n
const factsKept = 50

/** A refusal now, or as soon as the kernel log has told its details. */
export const holdRefusal = (memory: LifecycleMemory, refusal: WaitingRefusal): EventDraft[] => {
  const { event, detailed } = complete(memory, refusal)
  if (detailed) return [event]
  memory.waiting.push(refusal)
  return []
}

/** Refusals about which the log will say no more: told with what is known. */
export const overdueRefusals = ({ lifecycle: memory }: DecodeContext, nowNs: string): EventDraft[] => {
  const overdue = memory.waiting.filter(({ monoNs }) => BigInt(nowNs) - BigInt(monoNs) > patienceNs)
  if (overdue.length === 0) return []
  memory.waiting = memory.waiting.filter((refusal) => !overdue.includes(refusal))
  return overdue.map((refusal) => complete(memory, refusal).event)
}

/** One record of /dev/kmsg. */
export const decodeKernelLog = (
  context: DecodeContext,
  record: Extract<RawRecord, { source: 'kernel-log' }>,
): EventDraft[] => {
  const { lifecycle: memory } = context
  const { monoNs } = record
  if ('lost' in record) return lostRecords(record.lost, monoNs)
  const fact = parseKernelLog(record.line)
  if (!fact) return []
  if (fact.fact === 'blocked') return blockedInLog(context, fact, monoNs)
  if (fact.fact === 'signalled') return signalledInLog(context, monoNs)
  const events = memory.attached ? [] : onlyInLog(memory, fact, monoNs)
  memory.log = [...memory.log, { monoNs, fact }].slice(-factsKept)
  if (fact.fact === 'loader-refused' && looksLikeLivepatch(memory, fact.module)) {
    events.push({
      kind: 'patch-load-refused',
      monoNs,
      patch: fact.module,
      reason: 'module-loader',
      cause: `the module loader refused it: ${fact.text}`,
      remedy: 'Build the patch against exactly this kernel, and load the modules it needs first.',
      basis: 'kernel-log',
    })
  }
  const told = memory.waiting.filter((refusal) => complete(memory, refusal).detailed)
  memory.waiting = memory.waiting.filter((refusal) => !told.includes(refusal))
  return [...events, ...told.map((refusal) => complete(memory, refusal).event)]
}

const complete = (memory: LifecycleMemory, refusal: WaitingRefusal) => {
  const since = BigInt(refusal.sinceNs) - logLagNs
  return refusal.complete(memory.log.filter((line) => BigInt(line.monoNs) > since).map((line) => line.fact))
}

/** Without probes. */
const onlyInLog = (memory: LifecycleMemory, fact: LogFact, monoNs: string): EventDraft[] => {
  const since = BigInt(monoNs) - logLagNs
  const earlier = memory.log.filter((line) => BigInt(line.monoNs) > since).map((line) => line.fact)
  if (fact.fact === 'module-refused') {
    const failed = lastFact(earlier, 'module-failed')
    return [
      {
        kind: 'module-refused',
        monoNs,
        object: fact.object,
        patch: fact.patch,
        ...(failed ? { errno: failed.errno } : {}),
        cause: `${fact.patch} cannot be applied to it`,
        remedy: `Disable ${fact.patch}, or build it against this ${fact.object}.`,
        basis: 'kernel-log',
      },
    ]
  }
  const told = refusalInLog(fact, earlier)
  if (!told) return []
  const { detailed: _, ...refusal } = told.refusal
  return [{ kind: 'patch-load-refused', monoNs, patch: told.patch, ...refusal }]
}

/** The loader does not say what a module is: known patches, and the names the vendors' tools give. */
const looksLikeLivepatch = (memory: LifecycleMemory, module: string): boolean =>
  memory.states.has(module) || /livepatch|kpatch|klp|lkp_/.test(module)
