export type InTurnOptions = { atOnce: number; atOncePerKey: number; waitingPerKey: number }

/**
 * Lets work begin when there is room for it. One key waits for itself first: whoever asks for much at once, or does not
 * fetch what was made for it, holds up nobody else.
 * @returns enter: calls `begin` now or later with what has to be called at its end; the returned function gives up
 * waiting. Null: too much is waiting for this key already
 */
export const createInTurn = ({ atOnce, atOncePerKey, waitingPerKey }: InTurnOptions) => {
  type Entry = { key: string; begin: (end: () => void) => void }
  const running = new Map<string, number>()
  let runningInAll = 0
  let waiting: Entry[] = []

  const hasRoom = (key: string): boolean => runningInAll < atOnce && (running.get(key) ?? 0) < atOncePerKey
  const start = ({ key, begin }: Entry): void => {
    running.set(key, (running.get(key) ?? 0) + 1)
    runningInAll++
    let isOver = false
    begin(() => {
      if (isOver) return
      isOver = true
      const left = (running.get(key) ?? 1) - 1
      if (left === 0) running.delete(key)
      else running.set(key, left)
      runningInAll--
      const next = waiting.find((entry) => hasRoom(entry.key))
      if (!next) return
      waiting = waiting.filter((entry) => entry !== next)
      start(next)
    })
  }

  return (key: string, begin: Entry['begin']): (() => void) | null => {
    const entry = { key, begin }
    if (hasRoom(key)) start(entry)
    else if (waiting.filter((other) => other.key === key).length >= waitingPerKey) return null
    else waiting.push(entry)
    return () => {
      waiting = waiting.filter((other) => other !== entry)
    }
  }
}
