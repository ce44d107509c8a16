/** What one line of the tracer's output makes worth reading from /proc at once. */
export type FollowUp = { inspect: number; requester: boolean } | null

/** A blocked task's stack, a requester's command line: both may be gone a second later. */
export const followUp = (line: string): FollowUp => {
  if (!line.includes('"task.blocked"') && !line.includes('"transition.ask"')) return null
  try {
    const { data } = JSON.parse(line) as { data?: unknown[] }
    const [name, first, , third] = data ?? []
    if (name === 'task.blocked' && typeof third === 'number' && third > 0)
      return { inspect: third, requester: false }
    if (name === 'transition.ask' && typeof first === 'number') return { inspect: first, requester: true }
  } catch {
    // Decoding will say what is wrong with it.
  }
  return null
}
