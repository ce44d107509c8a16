import type { EventDraft } from '../contract/event.ts'
import { logSequence, logTimeUs, lostRecords, parseKernelLog } from './kernel-log.ts'
import { blockedInLog, signalledInLog } from './log-blocks.ts'
import { readLogClock } from './log-clock.ts'
import { transitionInLog } from './log-transitions.ts'
import type { DecodeContext } from './probe-set.ts'
import { refusalsInLog } from './waiting-refusals.ts'

/** `earlier`: was in the log already when whoever tells of it began to read. */
export type LogRecord = { monoNs: string } & ({ line: string; earlier?: boolean } | { lost: number })

/** One record of /dev/kmsg. */
export const decodeKernelLog = (context: DecodeContext, record: LogRecord): EventDraft[] => {
  const { monoNs } = record
  if ('lost' in record) {
    // How the transition went on may be among them: sysfs tells as well.
    if (context.transition?.toldBy === 'kernel-log') context.transition.toldBy = 'sysfs'
    return lostRecords(record.lost, monoNs)
  }
  if (!isNew(context, record)) return []
  const written = writtenAt(context, record)
  const fact = parseKernelLog(record.line)
  if (!fact) return []
  switch (fact.fact) {
    case 'blocked':
      return blockedInLog(context, fact, monoNs)
    case 'signalled':
      return signalledInLog(context, monoNs)
    case 'transition-started':
    case 'transition-completed':
    case 'transition-forced':
      return transitionInLog(context, fact, written)
    default:
      return refusalsInLog(context, fact, monoNs, written)
  }
}

/**
 * Several may have read it. What was there before any of them is history; but what comes behind the last that was told
 * was written while nobody read.
 */
const isNew = (context: DecodeContext, { line, earlier }: { line: string; earlier?: boolean }): boolean => {
  const sequence = logSequence(line)
  if (sequence === null) return !earlier
  const { logNext } = context
  if (logNext === null ? earlier : sequence < logNext) return false
  context.logNext = sequence + 1
  return true
}

/** By the log's own clock, because a transition may be over before its first line is read. */
const writtenAt = (context: DecodeContext, { line, monoNs }: { line: string; monoNs: string }): string => {
  const lineUs = logTimeUs(line)
  if (lineUs === null) return monoNs
  // A better guess in the middle of a transition would make it shorter than it was.
  if (context.transition?.toldBy !== 'kernel-log' || !context.logClock)
    context.logClock = readLogClock(context.logClock, lineUs, BigInt(monoNs))
  return String(lineUs * 1000n + context.logClock.offsetNs)
}
