import type { Event } from '../../../daemon/contract/event.ts'
import type { Direction } from '../../../daemon/contract/event-parts.ts'
import type { Transition } from '../../../daemon/contract/state.ts'

/** A transition as the kernel's own log tells it (dynamic debug on for kernel/livepatch); times in seconds of CLOCK_MONOTONIC. */
export type LoggedTransition = {
  patch: string
  direction: Direction
  outcome: 'completed' | 'cancelled' | 'running'
  startS: number
  endS: number | null
  reversals: number
  forced: boolean
  /** `comm:pid reason [function]` of every task the kernel could not switch. */
  blocked: Set<string>
}

const lines = {
  init: /'(.+)': initializing (patching|unpatching) transition/,
  start: /'(.+)': starting (patching|unpatching) transition/,
  reverse: /'(.+)': reversing transition from/,
  force: /forcing remaining tasks to the patched state/,
  cancel: /'(.+)': canceling patching transition/,
  end: /'(.+)': (patching|unpatching) complete/,
  running: /klp_try_switch_task: (.*):(\d+) is running/,
  unreliable: /klp_(?:try_switch_task|check_stack): (.*):(\d+) has an unreliable stack/,
  sleeping: /klp_(?:try_switch_task|check_stack): (.*):(\d+) is sleeping on function (\S+)/,
}

/**
 * Seconds from the log's clock to CLOCK_MONOTONIC, tens of milliseconds. The session's marks (test/lab/guest) say
 * the uptime rounded down, a moment after they looked at it: the largest distance comes closest.
 */
export const logClockOffset = (dmesg: string): number => {
  const marks = [...dmesg.matchAll(/^\[\s*(\d+\.\d+)\] klpscope-lab: uptime (\d+\.\d+)$/gm)]
  if (marks.length === 0) throw new Error('No mark of the lab in the kernel log: was it cut off?')
  return Math.max(...marks.map(([, stamp, uptime]) => Number(uptime) - Number(stamp)))
}

/** Reads transitions from dmesg. Source: kernel/livepatch/transition.c. */
export const loggedTransitions = (dmesg: string): LoggedTransition[] => {
  const transitions: LoggedTransition[] = []
  const offset = logClockOffset(dmesg)
  for (const text of dmesg.split('\n')) {
    const stamp = /^\[\s*(\d+\.\d+)\] livepatch: (.*)$/.exec(text)
    if (!stamp) continue
    const seconds = Number(stamp[1]) + offset
    const said = stamp[2] ?? ''
    const open = transitions.at(-1)
    const match = (name: keyof typeof lines) => lines[name].exec(said)
    const found = match('init')
    if (found) {
      const [, patch = '', direction] = found
      transitions.push({
        patch,
        direction: direction as Direction,
        outcome: 'running',
        startS: seconds,
        endS: null,
        reversals: 0,
        forced: false,
        blocked: new Set(),
      })
      continue
    }
    if (!open) continue
    if (match('start') && open.reversals === 0) open.startS = seconds
    else if (match('reverse')) {
      open.reversals++
      open.direction = open.direction === 'patching' ? 'unpatching' : 'patching'
    } else if (match('force')) open.forced = true
    else if (match('cancel')) open.outcome = 'cancelled'
    else if (match('end')) {
      open.endS = seconds
      if (open.outcome === 'running') open.outcome = 'completed'
    } else noteBlocked(open, match('running'), match('unreliable'), match('sleeping'))
  }
  return transitions
}

/** How far the marks of the two clocks may mislead, in seconds: the uptime's last digit, and a line's way to the log. */
const clockS = 0.01

/**
 * What is wrong with the times of a transition; nothing, as a rule. klp_start_transition logs after the probe at
 * its entry, klp_complete_transition before the one at its return: what is recorded encloses what is logged.
 * @param pauseS how long a busy machine may pause between a probe and the line that the same function logs, in seconds
 */
export const wrongTimes = (recorded: Transition, logged: LoggedTransition, pauseS: number): string[] => {
  const startedS = Number(recorded.startedMonoNs) / 1e9
  const endedS = startedS + recorded.durationMs / 1000
  const startsEarlyS = logged.startS - startedS
  const endsLateS = endedS - (logged.endS ?? Number.NaN)
  const within = (seconds: number) => seconds > -clockS && seconds < pauseS
  // One that began unseen is known from later on; a cancelled one's start is not logged.
  const startFits = recorded.startKnown
    ? logged.outcome === 'cancelled' || within(startsEarlyS)
    : startsEarlyS < 0
  return [
    ...(startFits ? [] : [`${recorded.id} starts ${startsEarlyS} s before the log says so`]),
    ...(within(endsLateS) ? [] : [`${recorded.id} ends ${endsLateS} s after the log says so`]),
  ]
}

const noteBlocked = (
  transition: LoggedTransition,
  running: RegExpExecArray | null,
  unreliable: RegExpExecArray | null,
  sleeping: RegExpExecArray | null,
): void => {
  if (running) transition.blocked.add(`${running[1]}:${running[2]} running`)
  if (unreliable) transition.blocked.add(`${unreliable[1]}:${unreliable[2]} unreliable-stack`)
  if (sleeping) transition.blocked.add(`${sleeping[1]}:${sleeping[2]} sleeping-on-function ${sleeping[3]}`)
}

/** The same words for what the daemon recorded of one transition. */
export const recordedBlocked = (events: Event[], transition: string): Set<string> =>
  new Set(
    events.flatMap((event) =>
      event.kind === 'task-blocked' && event.transition === transition
        ? [`${event.comm}:${event.tid} ${event.reason}${event.function ? ` ${event.function}` : ''}`]
        : [],
    ),
  )

/** Callbacks as the lab's livepatches log them, `[patch, callback, object]` in their order. */
export const loggedCallbacks = (dmesg: string): [string, string, string][] =>
  [...dmesg.matchAll(/\] (klpt_patch_\w+): ((?:pre|post)_(?:un)?patch) of (\w+)/g)].map(
    ([, patch = '', callback = '', object = '']) => [patch, callback, object],
  )
