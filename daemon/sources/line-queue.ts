import type { Account } from '../account/account.ts'
import { recordName } from './record-name.ts'

/** Some 60 MB. */
const mostWaiting = 300_000
/** The part of the room that is for all lines; the rest is for those that document a transition. */
const shareForSamples = 0.5

/** Lines handled before other work, such as reading more of them, gets its turn. */
const stretch = 50

export type LineAccount = Pick<Account, 'linesArrived' | 'linesLeft' | 'linesLost' | 'save'>

export type LineQueue = {
  push: (lines: readonly string[]) => void
  /** Handles what waits until then (on performance.now's clock), in the end without samples, and gives up the rest. */
  end: (until: number) => void
}

/** One shadow variable: they are counted in the kernel as well, and the first to do without. */
const isSample = (line: string): boolean => recordName(line) === 'shadow'

/**
 * Takes lines as fast as they come and hands them on in their order when there is time. A tracer whose output is not
 * read waits, and what its kernel buffer cannot hold meanwhile is lost: here there is only memory to fill.
 * It is bounded, in its second half for samples; what is beyond that is counted as lost.
 */
export const createLineQueue = (
  handle: (line: string) => void,
  account: LineAccount,
  most = mostWaiting,
): LineQueue => {
  let lines: string[] = []
  let next = 0
  let scheduled = false

  const handleNext = (): void => {
    account.linesLeft(1)
    handle(lines[next++] ?? '')
    account.save()
  }
  const work = (): void => {
    scheduled = false
    for (const end = Math.min(lines.length, next + stretch); next < end; ) handleNext()
    if (next > lines.length / 2) {
      lines = lines.slice(next)
      next = 0
    }
    if (next < lines.length) schedule()
  }
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    setImmediate(work)
  }
  return {
    push: (arrived) => {
      account.linesArrived(arrived.length)
      let lost = 0
      for (const line of arrived) {
        const waiting = lines.length - next
        if (waiting >= most || (waiting >= most * shareForSamples && isSample(line))) lost++
        else lines.push(line)
      }
      account.linesLost('line-queue', lost)
      account.save()
      schedule()
    },
    end: (until) => {
      const begun = performance.now()
      while (next < lines.length && performance.now() < (begun + until) / 2) handleNext()
      const waiting = lines.slice(next)
      lines = waiting.filter((line) => !isSample(line))
      next = 0
      account.linesLost('stop', waiting.length - lines.length)
      while (next < lines.length && performance.now() < until) handleNext()
      account.linesLost('stop', lines.length - next)
      account.save()
      lines = []
      next = 0
    },
  }
}
