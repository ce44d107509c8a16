import type { Event } from '../contract/event.ts'
import type { CoreState } from '../core/core-state.ts'
import { reduce } from '../core/reduce.ts'
import type { WrittenStep } from './writer.ts'

/** The steps of events given as JSON, from a state on; those it has in it already are left out. */
export const foldTexts = (before: CoreState, texts: readonly string[]): WrittenStep[] => {
  let folded = before
  return texts.flatMap((text) => {
    const event = JSON.parse(text) as Event
    if (event.seq <= folded.seq) return []
    const [next, effects] = reduce(folded, event)
    folded = next
    return [{ event, state: next, effects, text }]
  })
}
