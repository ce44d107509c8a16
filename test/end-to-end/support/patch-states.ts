/** A listing of steps.sh's proc_states_fast or proc_states, a line per task: patch state by tid. */
export const patchStates = (listing: string): Map<number, number> =>
  new Map(
    listing
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number) as [number, number]),
  )
