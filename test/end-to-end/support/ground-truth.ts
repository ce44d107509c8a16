import type { Event } from '../../../daemon/contract/event.ts'
import type { Direction } from '../../../daemon/contract/event-parts.ts'

/** A transition as the kernel's own log tells it (dynamic debug on for kernel/livepatch); times in seconds of its clock. */
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
  unreliable: /klp_try_switch_task: (.*):(\d+) has an unreliable stack/,
  sleeping: /klp_try_switch_task: (.*):(\d+) is sleeping on function (\S+)/,
}

/** Reads transitions from dmesg. Source: kernel/livepatch/transition.c. */
export const loggedTransitions = (dmesg: string): LoggedTransition[] => {
  const transitions: LoggedTransition[] = []
  for (const text of dmesg.split('\n')) {
    const stamp = /^\[\s*(\d+\.\d+)\] livepatch: (.*)$/.exec(text)
    if (!stamp) continue
    const seconds = Number(stamp[1])
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
