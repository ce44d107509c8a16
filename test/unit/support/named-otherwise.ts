import { initialState } from '../../../daemon/core/core-state.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import type { Step } from '../../../daemon/engine.ts'

/** The same steps with another id of their transitions: nobody may rely on what ids look like. */
export const namedOtherwise = (steps: readonly Step[], id: string): Step[] => {
  let state = initialState
  return steps.map((step) => {
    const event = step.event.transition === undefined ? step.event : { ...step.event, transition: id }
    const [next, effects] = reduce(state, event)
    state = next
    return { event, state, effects }
  })
}
