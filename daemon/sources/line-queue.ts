/** Lines handled before other work, such as reading more of them, gets its turn. */
const stretch = 50

export type LineQueue = { push: (line: string) => void; drain: () => void }

/**
 * Takes lines as fast as they come and hands them on in their order when there is time. A tracer whose output is not
 * read waits, and what its kernel buffer cannot hold meanwhile is lost: here there is only memory to fill.
 */
export const createLineQueue = (handle: (line: string) => void): LineQueue => {
  let lines: string[] = []
  let next = 0
  let scheduled = false

  const work = (most: number): void => {
    for (const end = Math.min(lines.length, next + most); next < end; ) handle(lines[next++] ?? '')
    if (next < lines.length) schedule()
    else {
      lines = []
      next = 0
    }
  }
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      work(stretch)
    })
  }
  return {
    push: (line) => {
      lines.push(line)
      schedule()
    },
    drain: () => work(Number.POSITIVE_INFINITY),
  }
}
