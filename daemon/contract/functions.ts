import type { CountingStatus } from './event-parts.ts'

/** The livepatched functions: what runs when one is called, and how often it is. */
export type Functions = {
  /** `kernel`: from its own structures. `sysfs`: names only, everything else is not known. */
  source: 'kernel' | 'sysfs'
  /** Calls per second of one function above which it is not counted any more; null: not known yet. */
  budgetPerS: number | null
  items: PatchedFunction[]
}

export type PatchedFunction = {
  /** Module name or `vmlinux`. */
  object: string
  function: string
  /** Which of several functions of that name in the object, from 1; 1 for the only one too. */
  sympos: number
  /** Whether its object is loaded; null: not known. */
  loaded: boolean | null
  /** What the patches put in its place, the newest in front; null: not known. */
  stack: Implementation[] | null
  /** What a call runs now; in a transition, what it runs for a task in the patched state. Null: not known or not loaded. */
  inEffect: Implementation | null
  /** In a transition: what a call runs for a task in the unpatched state; null: no transition, or not known. */
  inEffectUnpatched: Implementation | null
  /** Whether its ftrace site carries livepatch's handler; null: not known. */
  ftraceSite: boolean | null
  counting: Counting
  /** Null while no call was counted. */
  calls: CallCounts | null
}

/** `patch` is null for the original; a no-op runs the original too. */
export type Implementation = { patch: string | null; symbol: string | null; nop: boolean }

export type Counting = {
  status: CountingStatus
  /** Why it is not on. */
  reason: string | null
}

export type CallCounts = {
  /** Since counting began. */
  entered: number
  redirected: number
  /** Entered and not redirected: ran the original, because the task is not switched or by a no-op. */
  old: number
  /** Neither redirected nor known to be old: a new replacement had no probe yet. */
  unattributed: number
  /** Per second, in the last second that was counted. */
  enteredPerS: number
  redirectedPerS: number
  oldPerS: number | null
  countedAt: string
}
