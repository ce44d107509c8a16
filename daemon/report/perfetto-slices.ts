import type { Finding } from '../contract/finding.ts'
import type { Straggler } from '../contract/report.ts'
import type { Transition } from '../contract/state.ts'
import { parseTime } from '../core/time.ts'
import type { PerfettoArgs } from './perfetto-writer.ts'
import { endWords } from './report-words.ts'

type Named = { name: string; category: string; args: PerfettoArgs }

/** Null: it is running; of one whose end was not seen, the last moment it was seen running. */
export const transitionEndNs = ({ endedAt, outcome, startedAt, durationMs }: Transition): bigint | null => {
  if (endedAt !== null) return parseTime(endedAt)
  return outcome === 'running' ? null : parseTime(startedAt) + BigInt(Math.round(durationMs * 1e6))
}

export const transitionSlice = (transition: Transition): Named => {
  const { id, patch, direction, outcome, replace, startKnown, requester } = transition
  const { reversals, forced, signalRounds, durationMs } = transition
  return {
    name: `${direction} ${patch}`,
    category: 'transition',
    args: {
      id,
      patch,
      direction,
      outcome,
      durationMs,
      startKnown,
      replace,
      reversals,
      forced,
      signalRounds,
      requester: requester && `${requester.comm} (${requester.pid})`,
      commandLine: requester?.commandLine,
    },
  }
}

/** Null: it is blocked still. */
export const blockedEndNs = ({ until, end, since, durationMs }: Straggler): bigint | null => {
  if (until !== null) return parseTime(until)
  return end === 'still-blocked' ? null : parseTime(since) + BigInt(Math.round(durationMs * 1e6))
}

export const blockedSlice = (task: Straggler): Named => {
  const reason = task.reasons.at(-1)
  return {
    name: [reason?.reason ?? 'not switched', reason?.function].filter(Boolean).join(': '),
    category: 'blocked',
    args: {
      reason: reason?.reason ?? 'unknown',
      function: reason?.function,
      blame: reason?.blame,
      end: endWords(task),
      tries: task.tries,
      tid: task.tid,
      pid: task.pid,
      comm: task.comm,
      cpu: task.cpu,
      state: task.state,
      runs: task.runs,
      unit: task.unit,
      userUnit: task.userUnit,
      container: task.container,
      pod: task.pod,
      cgroup: task.cgroup,
      commandLine: task.commandLine,
      stack: task.stack,
    },
  }
}

export const findingInstant = (finding: Finding): Named => {
  const { rule, severity, subject, summary, advice, openedAt, closedAt } = finding
  return {
    name: `${rule}: ${summary}`,
    category: severity,
    args: { rule, severity, subject, summary, advice, openedAt, closedAt },
  }
}
