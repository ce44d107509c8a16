import type { EventDraft } from '../contract/event.ts'
import { type LogFact, lastFact } from './kernel-log.ts'
import type { LifecycleMemory, WaitingRefusal } from './lifecycle-memory.ts'
import { stories, toldByLog } from './log-check.ts'
import type { DecodeContext } from './probe-set.ts'
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

/** What the kernel log says of a load: a refusal now, or the details that one has waited for. */
export const refusalsInLog = (
  { lifecycle: memory, logCheck }: DecodeContext,
  fact: LogFact,
  monoNs: string,
  writtenNs: string,
): EventDraft[] => {
  const refused = onlyInLog(memory, fact, monoNs).map((event) => ({ ...event, monoNs: writtenNs }))
  const seen = fact.fact === 'module-refused' ? memory.sees.modules : memory.sees.loads
  const events: EventDraft[] = seen ? [] : refused
  if (seen) for (const event of refused) toldByLog(logCheck, storyOf(event), writtenNs, [event])
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

/** What the log has said within the last second. */
export const newestFacts = (memory: LifecycleMemory, monoNs: string): LogFact[] => {
  const since = BigInt(monoNs) - logLagNs
  return memory.log.filter((line) => BigInt(line.monoNs) > since).map((line) => line.fact)
}

const complete = (memory: LifecycleMemory, refusal: WaitingRefusal) =>
  refusal.complete(newestFacts(memory, refusal.sinceNs))

type RefusalDraft = Extract<EventDraft, { kind: 'patch-load-refused' | 'module-refused' }>

const storyOf = (event: RefusalDraft): string =>
  event.kind === 'module-refused' ? stories.moduleRefusal(event.object) : stories.refusal(event.patch)

/** Without probes. */
const onlyInLog = (memory: LifecycleMemory, fact: LogFact, monoNs: string): RefusalDraft[] => {
  const earlier = newestFacts(memory, monoNs)
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
