import type { EventDraft } from '../contract/event.ts'
import { type LogFact, lastFact } from './kernel-log.ts'
import type { LifecycleMemory, WaitingRefusal } from './lifecycle-memory.ts'
import type { DecodeContext } from './probe-set.ts'
import { refusalInLog } from './refusal.ts'

/** The kernel's own words come by another way than the probes' records, a little earlier or later. */
const logLagNs = 1_000_000_000n
const patienceNs = 700_000_000n
const factsKept = 50

const refusedIn = (event: EventDraft): string =>
  (event.kind === 'module-refused' ? event.object : event.patch) ?? ''

/** A refusal now, or as soon as the kernel log has told its details. */
export const holdRefusal = (memory: LifecycleMemory, refusal: WaitingRefusal): EventDraft[] => {
  const { event, detailed } = complete(memory, refusal)
  memory.refusedNs.set(refusedIn(event), BigInt(refusal.monoNs))
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
export const refusalsInLog = (memory: LifecycleMemory, fact: LogFact, monoNs: string): EventDraft[] => {
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

/** It turns out that the probes have not fired since then: what the log said, and they did not tell. */
export const refusalsMissed = (memory: LifecycleMemory, sinceNs: bigint): EventDraft[] =>
  memory.log
    .filter(({ monoNs }) => BigInt(monoNs) >= sinceNs)
    .flatMap(({ fact, monoNs }) => onlyInLog(memory, fact, monoNs))
    .filter((event) => BigInt(event.monoNs) - (memory.refusedNs.get(refusedIn(event)) ?? 0n) > logLagNs)

/** What the log has said within the last second. */
export const newestFacts = (memory: LifecycleMemory, monoNs: string): LogFact[] => {
  const since = BigInt(monoNs) - logLagNs
  return memory.log.filter((line) => BigInt(line.monoNs) > since).map((line) => line.fact)
}

const complete = (memory: LifecycleMemory, refusal: WaitingRefusal) =>
  refusal.complete(newestFacts(memory, refusal.sinceNs))

/** Without probes. */
const onlyInLog = (memory: LifecycleMemory, fact: LogFact, monoNs: string): EventDraft[] => {
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
