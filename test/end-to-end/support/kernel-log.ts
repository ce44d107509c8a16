/** A transition as the kernel's own log tells it; times in seconds of the log's clock. */
export type LoggedTransition = {
  patch: string
  direction: 'patching' | 'unpatching'
  startS: number
  endS: number | null
}

const line =
  /^\[\s*(\d+\.\d+)\] livepatch: '(.+)': (starting|canceling)? ?(patching|unpatching)( transition| complete)/

/** Reads transitions from dmesg. Source: kernel/livepatch/transition.c (klp_start_transition, klp_complete_transition). */
export const loggedTransitions = (dmesg: string): LoggedTransition[] => {
  const transitions: LoggedTransition[] = []
  for (const text of dmesg.split('\n')) {
    const match = line.exec(text)
    if (!match) continue
    const [, seconds, patch = '', step, direction, rest] = match
    const open = transitions.at(-1)
    if (step === 'starting') {
      const reversed = open && open.endS === null && open.patch === patch
      if (reversed) open.direction = direction as LoggedTransition['direction']
      else
        transitions.push({
          patch,
          direction: direction as LoggedTransition['direction'],
          startS: Number(seconds),
          endS: null,
        })
    } else if (rest === ' complete' && open?.patch === patch) {
      open.endS = Number(seconds)
    }
  }
  return transitions
}

/** Callbacks as the lab's livepatches log them, `[patch, callback, object]` in their order. */
export const loggedCallbacks = (dmesg: string): [string, string, string][] =>
  [...dmesg.matchAll(/\] (klpt_patch_\w+): ((?:pre|post)_(?:un)?patch) of (\w+)/g)].map(
    ([, patch = '', callback = '', object = '']) => [patch, callback, object],
  )
