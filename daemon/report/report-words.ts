import type { Straggler } from '../contract/report.ts'
import type { Transition } from '../contract/state.ts'
import { formatDuration } from '../words/format.ts'
import { withoutOffset } from '../words/stack-frame.ts'
import { wayWords } from '../words/words.ts'

/** `2026-11-20 17:52:05 UTC` */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`

/** `17:52:05.517` */
export const clock = (time: string): string => time.slice(11, 23)

/** `+6.058 s`, `−0.077 s`, `+1:02.500`, `+1:03:00.000` since the transition began. */
export const offset = (ms: number): string => {
  const sign = ms < 0 ? '−' : '+'
  const size = Math.round(Math.abs(ms))
  if (size < 60_000) return `${sign}${(size / 1000).toFixed(3)} s`
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const [hours, minutes, seconds] = [size / 3_600_000, (size / 60_000) % 60, (size / 1000) % 60]
  const rest = `${two(seconds)}.${String(size % 1000).padStart(3, '0')}`
  return hours >= 1
    ? `${sign}${Math.floor(hours)}:${two(minutes)}:${rest}`
    : `${sign}${Math.floor(minutes)}:${rest}`
}

export const taskName = (task: { comm: string; tid: number; idle: boolean; cpu: number | null }): string =>
  task.idle ? `the idle task of CPU ${task.cpu ?? '?'}` : `${task.comm} (${task.tid})`

export const taskKind = ({ idle, kthread }: { idle: boolean; kthread: boolean }): string =>
  idle ? 'idle task' : kthread ? 'kernel thread' : 'user task'

/** How long, honestly: a lower bound where the beginning or the end was not seen. */
export const heldFor = (straggler: Straggler, startKnown: boolean): string => {
  const isBound = !startKnown || straggler.end === 'lost-sight'
  return `${isBound ? 'at least ' : ''}${formatDuration(straggler.durationMs)}`
}

/** Why, after its name: `it was sleeping in klpt_sleep_in_function, a function being patched`. */
export const because = (straggler: Straggler): string => {
  const last = straggler.reasons.at(-1)
  const isNow = straggler.end === 'still-blocked'
  const was = isNow ? 'is' : 'was'
  switch (last?.reason) {
    case 'sleeping-on-function':
      return `it ${was} sleeping in ${last.function ?? 'a function whose name was not seen'}, a function being ${straggler.direction === 'patching' ? 'patched' : 'unpatched'}${waitsIn(straggler, last.function)}`
    case 'running':
      return `it ${was} running on a CPU ${straggler.tries === 1 ? 'when' : 'whenever'} it ${was} tried, and the kernel can switch only a task that is not running`
    case 'unreliable-stack':
      return `the kernel ${isNow ? 'cannot' : 'could not'} walk its stack reliably${last.blame ? ` because of ${last.blame}` : ''}`
    default:
      return `why was not seen${waitsIn(straggler, null)}`
  }
}

/** The function it waits in, when its stack tells more than the reason does. */
const waitsIn = ({ stack, runs }: Straggler, known: string | null): string => {
  const top = stack?.[0] === undefined ? undefined : withoutOffset(stack[0])
  const place = top === undefined || top.split(' ')[0] === known ? null : top
  if (place !== null) return `, waiting in ${place}`
  return runs === null || known !== null ? '' : `; it runs ${runs}`
}

export const endWords = (straggler: Straggler): string => {
  switch (straggler.end) {
    case 'switched':
      return `switched${straggler.way ? ` ${wayWords[straggler.way]}` : ''}`
    case 'seen-switched':
      return 'found switched by a later look'
    case 'exited':
      return 'exited'
    case 'reversed':
      return 'the transition was reversed'
    case 'ended-with-transition':
      return 'the transition ended; its own switch was not seen'
    case 'still-blocked':
      return 'still blocked'
    case 'lost-sight':
      return 'not seen any more'
  }
}

/** `the patching of klpt_patch_v1` */
export const transitionName = ({
  patch,
  direction,
  reversals,
}: Pick<Transition, 'patch' | 'direction' | 'reversals'>): string =>
  reversals > 0 ? `the transition of ${patch}` : `the ${direction} of ${patch}`
