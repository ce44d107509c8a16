import { useEffect, useState } from 'preact/hooks'

export type Store<T> = {
  get: () => T
  update: (change: (value: T) => T) => void
  subscribe: (listener: () => void) => () => void
}

/** Holds one value; listeners hear of changes at most once per frame, and never while the page is hidden. */
export function createStore<T>(initial: T): Store<T> {
  let value = initial
  let scheduled = false
  const listeners = new Set<() => void>()
  const notify = () => {
    scheduled = false
    for (const listener of listeners) listener()
  }
  return {
    get: () => value,
    update(change) {
      const next = change(value)
      if (next === value) return
      value = next
      if (scheduled) return
      scheduled = true
      requestAnimationFrame(notify)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState<T>(() => store.get())
  useEffect(() => {
    const take = () => setValue(() => store.get())
    take()
    return store.subscribe(take)
  }, [store])
  return value
}
