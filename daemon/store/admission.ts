import type { EventKind } from '../contract/event.ts'
import { precedenceOf, shareOf } from './precedence.ts'
import type { RecordStatus } from './record-queue.ts'

/**
 * Whether an event of this kind is to become part of what happened. Single cases are let go before they are numbered and
 * folded, while events come faster than the record can be written: what is recorded still folds to the live state.
 * While it cannot be written at all, observing live has precedence.
 */
export const admits = (
  kind: EventKind,
  { failure, fill }: Pick<RecordStatus, 'failure' | 'fill'>,
): boolean => {
  const precedence = precedenceOf(kind)
  if (precedence !== 'sample' && precedence !== 'single') return true
  return failure !== null || fill < shareOf[precedence]
}
