import type { EventDraft } from '../../../daemon/contract/event.ts'
import { initialState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import type { Step } from '../../../daemon/engine.ts'
import { aTask, type Happening, sleeperBlocked, started, tasksObserved, transitionStarted } from './fold.ts'

const startNs = 1_700_000_000_000_000_000n

/** A host for so many seconds: counts every second, a snapshot every fifth, a transition of 20 s every 100 s. */
export const aLongStory = (seconds: number, tell: Partial<Record<number, Happening[]>> = {}): Step[] => {
  const steps: Step[] = []
  let state = initialState
  const at = (second: number, happening: Happening): void => {
    const draft = { ...happening, monoNs: String(BigInt(second) * 1_000_000_000n) } as EventDraft
    const event = numberEvent(state, draft)
    const [next, effects] = reduce(state, event)
    state = next
    steps.push({ event, state, effects })
  }
  at(0, { kind: 'clock-mapped', offsetNs: String(startNs) })
  at(0, started())
  for (let second = 1; second <= seconds; second++) {
    at(second, counts(second))
    if (second % 5 === 0)
      at(second, tasksObserved([aTask(1, 1), aTask(second, -1)], second % 100 > 20 ? null : 1))
    if (tell[-1] === undefined) {
      if (second % 100 === 1) at(second, transitionStarted())
      if (second % 100 === 3) at(second, { ...sleeperBlocked, tid: second, pid: second })
      if (second % 100 === 20)
        at(second, { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' })
    }
    for (const happening of tell[second] ?? []) at(second, happening)
  }
  return steps
}

const counts = (second: number): Happening => ({
  kind: 'shadow-counts',
  counts: ['0x1', '0x2'].map((id) => ({
    id,
    live: second % 50,
    allocated: second,
    freed: 1,
    found: 0,
    duplicates: 0,
    failures: 0,
    missed: 0,
    sizesBytes: [8],
  })),
  notStreamed: 0,
})

export const secondOf = (step: Step): number => Number(BigInt(step.event.monoNs) / 1_000_000_000n)
export const nowAfter = (seconds: number): bigint => startNs + BigInt(seconds) * 1_000_000_000n
