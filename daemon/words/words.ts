import type { BlockReason, Direction, Requester, SwitchWay } from '../contract/event-parts.ts'
import { isPassive } from '../contract/passive.ts'
import type { BlockedTask, Headline, State, Tracer, TransitionOutcome } from '../contract/state.ts'

/** Plain words for the contract's enumerations. */

export const levelWords: Record<Headline['level'], string> = {
  ok: 'OK',
  info: 'Info',
  warning: 'Warning',
  critical: 'Critical',
  unknown: 'Unknown',
}

const statusWords: Record<Tracer['status'], string> = {
  starting: 'starting, probes are not attached yet',
  observing: 'observing, all probes are attached',
  degraded: 'degraded, some probes are missing',
  blind: 'blind, only sysfs, /proc and the kernel log are seen',
  stopped: 'stopped',
}

export const tracerWords = (tracer: Pick<Tracer, 'status' | 'causes'>): string =>
  isPassive(tracer)
    ? 'passive: no probes are meant to be attached'
    : (statusWords[tracer.status] ?? tracer.status)

export const shadowUncounted =
  'As many as the last walk of the kernel’s hash found: what comes and goes in between is not counted.'

export const outcomeWords: Record<TransitionOutcome, string> = {
  running: 'running',
  completed: 'completed',
  cancelled: 'cancelled',
  unknown: 'unknown, its end was not seen',
}

export const wayWords: Record<SwitchWay, string> = {
  'transition-worker': 'by the transition worker',
  'kernel-exit': 'on leaving the kernel',
  schedule: 'while scheduling',
  'idle-loop': 'in the idle loop',
  forced: 'by force',
  forked: 'at fork (inherited)',
  snapshot: 'unobserved',
}

export function targetWord(direction: Direction): string {
  return direction === 'patching' ? 'patched' : 'unpatched'
}

export type Activity = 'none' | 'running' | 'stalled' | 'unknown'

/** Where nobody looks, the absence of a transition means nothing; where only sysfs is looked at, it is known from there. */
export function activityOf(state: Pick<State, 'transition' | 'tracer'>): Activity {
  if (state.transition !== null) return state.transition.stalled ? 'stalled' : 'running'
  return state.tracer.status === 'starting' || state.tracer.status === 'stopped' ? 'unknown' : 'none'
}

export const activityWords: Record<Activity, string> = {
  none: 'no transition',
  running: 'running',
  stalled: 'stalled',
  unknown: 'not known',
}

export function taskKind(task: Pick<BlockedTask, 'kthread' | 'idle'>): 'idle' | 'kthread' | 'user' {
  if (task.idle) return 'idle'
  return task.kthread ? 'kthread' : 'user'
}

const stateWords: Record<string, string> = {
  R: 'running',
  S: 'sleeping',
  D: 'uninterruptible sleep',
  I: 'idle kthread',
  T: 'stopped',
  t: 'stopped by a tracer',
  P: 'parked',
  X: 'dead',
  Z: 'zombie',
}

/** `D, uninterruptible sleep`. */
export function taskStateText(letter: string): string {
  const word = stateWords[letter]
  return word === undefined ? letter : `${letter}, ${word}`
}

/** What a task belongs to, in a word: the innermost that is known. */
export function ownerText({
  unit,
  userUnit,
  container,
  pod,
}: Pick<BlockedTask, 'unit' | 'userUnit' | 'container' | 'pod'>): string | null {
  if (pod !== null) return `pod ${pod}`
  if (container !== null)
    return `container ${/^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container}`
  return userUnit ?? unit
}

/** Why a task did not switch, as a sentence after its name. */
export function reasonSentence(
  reason: BlockReason,
  detail: { function: string | null; blame: string | null; cpu: number | null },
): string {
  switch (reason) {
    case 'running':
      return `It was running${detail.cpu === null ? '' : ` on CPU ${detail.cpu}`} when tried; the kernel can check the stack only of a task that is not running.`
    case 'unreliable-stack':
      return detail.blame === null
        ? 'The kernel cannot walk its stack reliably, so it cannot tell that leaving the old functions is safe.'
        : `The kernel cannot walk its stack reliably because of ${detail.blame}.`
    case 'sleeping-on-function':
      return detail.function === null
        ? 'It is waiting inside a function being patched; which one was not seen.'
        : `It is waiting inside ${detail.function}, a function being patched, and will switch by itself once that returns.`
    default:
      return 'Why it did not switch was not seen.'
  }
}

/** `modprobe (812), started by bash (640)`. */
export function requesterText(requester: Requester): string {
  const parent =
    requester.parentComm === undefined
      ? ''
      : `, started by ${requester.parentComm}${requester.parentPid === undefined ? '' : ` (${requester.parentPid})`}`
  return `${requester.comm} (${requester.pid})${parent}`
}
