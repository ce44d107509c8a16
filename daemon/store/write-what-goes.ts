import type { Event } from '../contract/event.ts'
import { withinBounds } from '../contract/within-bounds.ts'
import type { CoreState } from '../core/core-state.ts'
import { foldTexts } from './fold-texts.ts'
import { isOfContent } from './record-error.ts'
import type { Writer, WrittenStep } from './writer.ts'

/** Far beyond any number of events; the numbers after it are still exact in a double. */
const highestSeq = 2 ** 52

/**
 * Folds events given as JSON and writes them. A batch that fails for what is in it is halved until the culprit is
 * alone: that one becomes `decode-failed` in its place, and all others are written.
 * @param write writes steps that follow on a state, all or none
 * @returns the state after the last of them
 * @throws what is wrong with the record rather than with the events; those before it may have been written
 */
export const writeWhatGoes = (
  before: CoreState,
  texts: readonly string[],
  write: (before: CoreState, steps: readonly WrittenStep[]) => void,
): CoreState => {
  const failure = tryAll(before, texts, write)
  if ('state' in failure) return failure.state
  if (texts.length > 1) {
    const middle = texts.length >> 1
    const between = writeWhatGoes(before, texts.slice(0, middle), write)
    return writeWhatGoes(between, texts.slice(middle), write)
  }
  const replaced = tryAll(before, [JSON.stringify(inPlaceOf(texts[0] ?? '', before, failure.error))], write)
  if ('state' in replaced) return replaced.state
  throw failure.error
}

/** The way a record's writer writes, leaving out what is there already. */
export const writingTo =
  (writer: Writer, lastSeq: number, durable: boolean) =>
  (before: CoreState, steps: readonly WrittenStep[]): void => {
    // A write that failed at its very end may be there all the same.
    const there = steps.findIndex(({ event }) => event.seq > lastSeq)
    if (there !== -1) writer.write(steps[there - 1]?.state ?? before, steps.slice(there), durable)
  }

const tryAll = (
  before: CoreState,
  texts: readonly string[],
  write: (before: CoreState, steps: readonly WrittenStep[]) => void,
): { state: CoreState } | { error: unknown } => {
  let steps: WrittenStep[]
  try {
    steps = foldTexts(before, texts)
  } catch (error) {
    return { error }
  }
  try {
    write(before, steps)
    return { state: steps.at(-1)?.state ?? before }
  } catch (error) {
    if (!isOfContent(error)) throw error
    return { error }
  }
}

const inPlaceOf = (text: string, before: CoreState, error: unknown): Event =>
  ({
    ...withinBounds({
      kind: 'decode-failed',
      monoNs: before.monoNs,
      source: 'record',
      error: `the event could not be recorded: ${error instanceof Error ? error.message : error}`,
      raw: text,
    }),
    seq: seqOf(text, before),
    time: before.time,
  }) as Event

/** Number of an event given as JSON; the next after a state when it has none that can be. */
export const seqOf = (text: string, before: CoreState): number => {
  try {
    const { seq } = JSON.parse(text) as { seq?: unknown }
    if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq > before.seq && seq < highestSeq)
      return seq
  } catch {
    // That is what is wrong with it.
  }
  return before.seq + 1
}
