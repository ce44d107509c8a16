import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'

/** The server's clock as this page knows it, in Unix milliseconds; it stands still while the page is not live. */
export const ClockContext = createContext<() => number>(Date.now)

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for the whole page, so that all ages step together. */
function onTick(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const each of listeners) each()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Renders again each second and returns what `read` says then. */
export function useTicking(read: () => number): number {
  const [, tick] = useState(0)
  useEffect(() => onTick(() => tick((count) => count + 1)), [])
  return read()
}

/** The present moment, renewed each second: only what shows an age re-renders by itself. */
export function useNow(): number {
  return useTicking(useContext(ClockContext))
}
