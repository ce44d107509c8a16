import type { Block } from './transition-plan.ts'

/** One transition as the kernel's own log tells it. */
export interface MeasuredTransition {
  readonly series: Block['series']
  readonly condition: Block['condition']
  readonly direction: 'patching' | 'unpatching'
  /** From `starting … transition` to `… complete`, in seconds of the log's clock. */
  readonly seconds: number
  /** To `… complete` from the mark that the task in its way leaves; null without one. */
  readonly secondsAfterLeaving: number | null
  /** The kernel's first look found every task ready. */
  readonly firstTry: boolean
}

const linePattern = /^\[\s*(\d+\.\d+)\] (livepatch|klpscope-bench): (.*)$/
const startPattern = /^'.*': starting (patching|unpatching) transition$/
const completePattern = /^'.*': (?:patching|unpatching) complete$/

/** Takes the marked cycles' transitions out of `dmesg`. Needs dynamic debug of kernel/livepatch for firstTry. */
export const readTransitions = (dmesg: string): MeasuredTransition[] => {
  const found: MeasuredTransition[] = []
  let cycle: Pick<MeasuredTransition, 'series' | 'condition'> | undefined
  let open:
    | { direction: MeasuredTransition['direction']; startS: number; firstTry: boolean; leftS?: number }
    | undefined
  for (const text of dmesg.split('\n')) {
    const [, seconds, source, rest = ''] = linePattern.exec(text) ?? []
    if (source === 'klpscope-bench' && rest === 'leaving') {
      if (open) open.leftS = Number(seconds)
    } else if (source === 'klpscope-bench') {
      const [word, series, condition] = rest.split(' ')
      cycle = word === 'cycle' ? ({ series, condition } as typeof cycle) : undefined
      open = undefined
    } else if (source === 'livepatch' && cycle) {
      const direction = startPattern.exec(rest)?.[1] as MeasuredTransition['direction'] | undefined
      if (direction) open = { direction, startS: Number(seconds), firstTry: true }
      else if (open && /^klp_(?:try_switch_task|check_stack): /.test(rest)) open.firstTry = false
      else if (open && completePattern.test(rest)) {
        const { startS, leftS, ...others } = open
        const secondsAfterLeaving = leftS === undefined ? null : Number(seconds) - leftS
        found.push({ ...cycle, ...others, seconds: Number(seconds) - startS, secondsAfterLeaving })
        open = undefined
      }
    }
  }
  return found
}
