import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'
import type { StepDirection, StepTarget } from '../daemon/contract/timeline.ts'
import type { Travel } from './travel.ts'

const steps: Record<string, [StepDirection, StepTarget]> = {
  ArrowLeft: ['previous', 'event'],
  ArrowRight: ['next', 'event'],
  'Shift+ArrowLeft': ['previous', 'finding'],
  'Shift+ArrowRight': ['next', 'finding'],
  '[': ['previous', 'transition'],
  ']': ['next', 'transition'],
}

/** Keys move through time while the page shows the past; in the present only from within the bar. */
export function useTimeKeys(travel: Travel, bar: RefObject<HTMLElement>): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as Element | null
      const isPast = travel.store.get().moment !== null
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (target?.matches('input:not([type=checkbox]), textarea, select')) return
      if (!isPast && !bar.current?.contains(target)) return
      const key = event.shiftKey && event.key.startsWith('Arrow') ? `Shift+${event.key}` : event.key
      const step = steps[key]
      if (step) travel.step(...step)
      else if (key === 'Escape' || key === 'End') travel.goToEnd()
      else if (key === ' ' && !target?.matches('button, summary, input, a')) {
        travel.play(!travel.store.get().isPlaying)
      } else return
      event.preventDefault()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [travel, bar])
}
