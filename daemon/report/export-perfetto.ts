import type Database from 'better-sqlite3'
import type { Event, EventOf } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Gap } from '../contract/gap.ts'
import type { Task, Transition } from '../contract/state.ts'
import { collectGaps } from '../core/collect-gaps.ts'
import type { CoreState } from '../core/core-state.ts'
import { remainingSeries, shadowSeries } from '../core/points.ts'
import { taskKey } from '../core/task-key.ts'
import { parseTime } from '../core/time.ts'
import { restoreState } from '../store/restore-state.ts'
import { parseStored, parseStoredEvent } from '../store/stored-json.ts'
import { describeEvent } from '../words/describe-event.ts'
import { gapWords } from '../words/gaps.ts'
import { type ExportRange, eventPages, seqsOf } from './event-pages.ts'
import type { ExportPiece } from './export-piece.ts'
import { foldedKinds, instantKinds } from './perfetto-kinds.ts'
import { overlapping, seriesPages } from './perfetto-rows.ts'
import {
  blockedEndNs,
  blockedSlice,
  findingInstant,
  transitionEndNs,
  transitionSlice,
} from './perfetto-slices.ts'
import { perfettoTracks } from './perfetto-tracks.ts'
import { createPerfettoWriter, type PerfettoTrack, type PerfettoWriter } from './perfetto-writer.ts'
import { collectStragglers, type StragglerCollector } from './stragglers.ts'

type Tracks = ReturnType<typeof perfettoTracks>

/**
 * Perfetto's own format, for ui.perfetto.dev and trace_processor: a track per blocked task, transitions and gaps as
 * slices, counters for remaining tasks and live shadow variables. Timestamps are wall-clock time, so that the runs of
 * several boots stand one after the other.
 */
export function* exportPerfetto(database: Database.Database, range: ExportRange): Generator<ExportPiece> {
  const seqs = seqsOf(database, range)
  if (!seqs) return
  const before = restoreState(database, seqs.first - 1)
  const started = eventAt(database, seqs.first, 'tracer-started')
  const tracks = perfettoTracks(before.host?.hostname ?? started?.hostname ?? 'unknown host')
  const writer = createPerfettoWriter()

  writer.clocks(parseTime(eventAt(database, seqs.first)?.time ?? before.time))
  const transitions = [...overlapping<Transition>(database, 'transitions', 'start_ns', 'end_ns', range)]
  for (const transition of transitions) {
    const endNs = transitionEndNs(transition)
    writer.slice(tracks.transitions, parseTime(transition.startedAt), endNs, transitionSlice(transition))
    // Of any other end the series holds only that nothing is known from there on.
    if (endNs !== null && transition.outcome !== 'completed') writer.counter(tracks.remaining, endNs, 0)
  }
  for (const finding of overlapping<Finding>(database, 'findings', 'opened_ns', 'closed_ns', range))
    writer.instant(tracks.findings, parseTime(finding.openedAt), findingInstant(finding))
  yield { bytes: writer.take(), seq: seqs.first - 1 }

  const follower = followEvents(writer, tracks, before, transitions)
  for (const page of eventPages(database, range, [...instantKinds, ...foldedKinds])) {
    for (const { data } of page) follower.take(parseStoredEvent(data))
    yield { bytes: writer.take(), seq: page.at(-1)?.seq ?? 0 }
  }
  follower.end()
  for (const { name, times, values } of seriesPages(database, seqs)) {
    const track = name === remainingSeries ? tracks.remaining : shadowTrack(tracks, name)
    if (!track) continue
    for (const [index, value] of values.entries())
      if (value !== null) writer.counter(track, BigInt(times[index] ?? 0) * 1_000_000n, value)
    yield { bytes: writer.take(), seq: seqs.last }
  }
  yield { bytes: writer.take(), seq: seqs.last }
}

const shadowTrack = (tracks: Tracks, series: string) => {
  const prefix = shadowSeries('')
  return series.startsWith(prefix) ? tracks.shadowLive(series.slice(prefix.length)) : undefined
}

/** The first event from `seq` on, of a kind. */
const eventAt = <K extends Event['kind']>(
  database: Database.Database,
  seq: number,
  kind?: K,
): EventOf<K> | undefined => {
  const row = database
    .prepare(`SELECT data FROM events WHERE seq >= ?${kind ? ' AND kind = ?' : ''} ORDER BY seq LIMIT 1`)
    .get(seq, ...(kind ? [kind] : [])) as { data: string } | undefined
  return row && (parseStored(row.data) as EventOf<K>)
}

/** Writes blocked periods once they are over, gaps, and what is told as a moment. */
const followEvents = (
  writer: PerfettoWriter,
  tracks: Tracks,
  before: CoreState,
  transitions: readonly Transition[],
) => {
  const tasks = new Map(before.tasks)
  const byId = new Map(transitions.map((transition) => [transition.id, transition]))
  let running: { id: string; collector: StragglerCollector } | undefined
  let bootId = before.host?.bootId
  let nowMonoNs = '0'
  const gaps = collectGaps({ ...before.tracer, gaps: [] })
  let end = before.time

  const begin = (id: string) => {
    const transition = byId.get(id)
    if (transition) running = { id, collector: collectStragglers(transition, tasks) }
  }
  const finish = (outcome: Transition['outcome']) => {
    for (const task of running?.collector.finish({ outcome }, nowMonoNs) ?? [])
      writer.slice(tracks.task(task), parseTime(task.since), blockedEndNs(task), blockedSlice(task))
    running = undefined
  }
  if (before.transition) begin(before.transition.id)

  return {
    take: (event: Event): void => {
      if (event.kind === 'tracer-started' && event.bootId !== bootId) {
        finish('unknown')
        bootId = event.bootId
      }
      nowMonoNs = event.monoNs
      const id = event.transition
      if (event.kind === 'transition-started' && id !== undefined && id !== running?.id) {
        finish('unknown')
        begin(id)
      }
      if (id !== undefined && id === running?.id) running.collector.take(event)
      if (event.kind === 'transition-completed' || event.kind === 'transition-cancelled') finish('completed')
      if (event.kind === 'tasks-observed') observe(tasks, event)
      gaps.take(event)
      end = event.time
      if (instantKinds.includes(event.kind)) writeInstant(writer, tracks, event)
    },
    end: () => {
      finish('running')
      for (const gap of gaps.between(before.time, end).reverse()) writeGap(writer, tracks, gap, end)
    },
  }
}

const writeGap = (writer: PerfettoWriter, tracks: Tracks, gap: Gap, end: string): void => {
  const { source, from, to, reason, seen, lasts } = gap
  const [fromNs, toNs] = [parseTime(from), parseTime(lasts ? end : to)]
  if (toNs < fromNs) return
  writer.slice(tracks.gap(source), fromNs, toNs, { name: gapWords[seen], category: 'gap', args: { reason } })
}

const writeInstant = (writer: PerfettoWriter, tracks: Tracks, event: Event): void =>
  writer.instant(trackOf(tracks, event), parseTime(event.time), {
    name: event.kind,
    category: event.kind.split('-')[0] ?? event.kind,
    args: { text: describeEvent(event), patch: event.patch, object: event.object, seq: event.seq },
  })

const trackOf = (tracks: Tracks, event: Event): PerfettoTrack =>
  event.kind === 'custom' ? tracks.ownProbe(event.probe) : tracks.ofKind(event.kind)

const observe = (tasks: Map<number, Task>, event: EventOf<'tasks-observed'>): void => {
  if (event.complete) tasks.clear()
  for (const key of event.gone) tasks.delete(key)
  for (const task of event.changed)
    tasks.set(taskKey(task), { ...task, idle: task.idle ?? false, cpu: task.cpu ?? null })
}
