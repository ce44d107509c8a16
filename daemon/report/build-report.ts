import type { Event } from '../contract/event.ts'
import { type CallbackOutcome, reportVersion, type TransitionReport } from '../contract/report.ts'
import type { ShadowId } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { phaseSpans } from '../words/phases.ts'
import { blindSpotsOf } from './blind-spots.ts'
import { compareWithPast } from './compare-with-past.ts'
import type { ReportEvidence } from './report-evidence.ts'
import { summarize } from './report-summary.ts'
import { collectTimeline } from './report-timeline.ts'
import { collectStragglers } from './stragglers.ts'
import { watchDuring } from './watch-during.ts'

/** The report of one transition. Pure: the same evidence gives the same report. @param generator program version */
export const buildReport = (evidence: ReportEvidence, generator: string): TransitionReport => {
  const { transition, before, after, around } = evidence
  const stragglerCollector = collectStragglers(transition, before.tasks)
  const timelineCollector = collectTimeline(transition)
  for (const event of evidence.own) {
    stragglerCollector.take(event)
    timelineCollector.take(event)
  }
  const stragglers = stragglerCollector.finish(transition, after.monoNs)
  const comparison = compareWithPast(transition, evidence.pastDurationsMs)
  const watched = watchDuring(evidence)
  const blindSpots = blindSpotsOf(evidence, stragglers, watched)
  const host = after.host ?? before.host
  return {
    reportVersion,
    generator,
    asOf: after.time,
    host,
    transition,
    summary: summarize({
      transition,
      stragglers,
      around,
      hostname: host?.hostname ?? null,
      comparison: comparison.text,
      blindSpots,
    }),
    phases: phaseSpans(transition),
    patches: patchesOf(evidence),
    stragglers,
    stragglersTotal: stragglers.length,
    remaining: remainingOf(evidence),
    ...timelineCollector.finish(around),
    callbacks: callbacksOf(around),
    shadow: shadowOf(before, after),
    findings: findingsOf(evidence),
    comparison,
    gaps: watched.gaps,
    blindSpots,
  }
}

/** Down to nothing at the end: thinned out, the series may have lost its last value to the mark that ends it. */
const remainingOf = ({ remaining, transition }: ReportEvidence): TransitionReport['remaining'] => {
  const kept = remaining.values.at(-1) === null ? -1 : remaining.values.length
  const times = remaining.times.slice(0, kept)
  const values = remaining.values.slice(0, kept)
  if (transition.outcome === 'completed' && transition.endedAt !== null && values.at(-1) !== 0) {
    times.push(Date.parse(transition.endedAt))
    values.push(0)
  }
  return { times, values }
}

const patchesOf = ({ transition, before, after, around }: ReportEvidence): TransitionReport['patches'] => {
  const replaced = around.flatMap((event) =>
    event.kind === 'patch-replaced' && event.by === transition.patch ? [event.patch] : [],
  )
  return [transition.patch, ...new Set(replaced)].map((name) => {
    const known = [...after.patches, ...before.patches].filter((patch) => patch.name === name)
    const first = <T>(pick: (patch: (typeof known)[number]) => T | null | undefined): T | null =>
      known.map(pick).find((value) => value !== null && value !== undefined) ?? null
    const objects = known.find((patch) => patch.objects.length > 0)?.objects ?? []
    return {
      name,
      role: name === transition.patch ? 'subject' : 'replaced',
      version: first((patch) => patch.version),
      srcversion: first((patch) => patch.srcversion),
      functions: objects.flatMap((object) => object.functions.map((fn) => `${object.name}:${fn}`)),
    }
  })
}

const callbacksOf = (around: readonly Event[]): CallbackOutcome[] =>
  around.flatMap((event): CallbackOutcome[] => {
    if (event.kind !== 'callback-called' && event.kind !== 'callback-skipped') return []
    const { patch, object, callback, time: at } = event
    const basis = event.basis ?? null
    return event.kind === 'callback-called'
      ? [
          {
            patch,
            object,
            callback,
            at,
            basis,
            outcome: 'called',
            returned: event.returned ?? null,
            cause: null,
          },
        ]
      : [{ patch, object, callback, at, basis, outcome: 'skipped', returned: null, cause: event.cause }]
  })

const shadowOf = (before: CoreState, after: CoreState): TransitionReport['shadow'] => {
  const ids = [...new Set([...before.shadow.ids.keys(), ...after.shadow.ids.keys()])]
  const at = (id: ShadowId | undefined) => (id ? { live: id.live, bytes: id.liveBytes } : null)
  return {
    adoptionBefore: before.shadow.adoption,
    adoptionAfter: after.shadow.adoption,
    beforeAt: before.time,
    afterAt: after.time,
    ids: ids
      .sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
      .map((id) => ({ id, before: at(before.shadow.ids.get(id)), after: at(after.shadow.ids.get(id)) })),
  }
}

/** Those about this transition's patch first, then the worst. */
const findingsOf = ({ findings, transition }: ReportEvidence): TransitionReport['findings'] => {
  const rank = { critical: 0, warning: 1, info: 2 }
  const foreign = (subject: string) => (subject === transition.patch ? 0 : 1)
  return [...findings].sort(
    (a, b) =>
      foreign(a.subject) - foreign(b.subject) ||
      rank[a.severity] - rank[b.severity] ||
      a.openedAt.localeCompare(b.openedAt),
  )
}
