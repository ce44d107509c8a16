import type { Event } from '../contract/event.ts'
import type { Gap } from '../contract/gap.ts'
import { gapsOf, keepWatch, noWatch, type Watch } from './gap.ts'

/** Of so many of the newest gaps the next event may still change one. */
const unsettled = 40

export type GapCollector = {
  take: (event: Event) => void
  watch: () => Watch
  /** Those that reach into the stretch, the newest so many, newest first. */
  between: (from: string, to: string, limit?: number) => Gap[]
}

/** All gaps that events tell of, however many; the state keeps the newest. @param from the watch that was kept before */
export const collectGaps = (from: Watch = noWatch): GapCollector => {
  let watch = from
  /** Oldest first. */
  const settled: Gap[] = []
  return {
    take: (event) => {
      watch = keepWatch(watch, event, Number.POSITIVE_INFINITY)
      if (watch.gaps.length <= 2 * unsettled) return
      settled.push(...watch.gaps.slice(unsettled).reverse())
      watch = { ...watch, gaps: watch.gaps.slice(0, unsettled) }
    },
    watch: () => watch,
    between: (from, to, limit = Number.POSITIVE_INFINITY) => {
      const found: Gap[] = []
      const look = (gap: Gap | undefined): void => {
        if (gap && gap.from <= to && (gap.lasts || gap.to >= from)) found.push(gap)
      }
      gapsOf(watch).forEach(look)
      for (let index = settled.length - 1; index >= 0 && found.length < limit; index--) look(settled[index])
      return found.slice(0, limit)
    },
  }
}
