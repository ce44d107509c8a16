/** Some 60 MB. */
const mostWaiting = 300_000
/** One shadow variable: they are counted in the kernel as well, and the first to do without. */
const isSample = (line: string): boolean => /^\{"type": ?"value", ?"data": ?\["shadow",/.test(line)

/** Lines handled before other work, such as reading more of them, gets its turn. */
const stretch = 50
/** Told of at once when they come without an end. */
const toldAtOnce = 10_000

export type LineQueue = { push: (line: string) => void; drain: () => void }

/**
 * Takes lines as fast as they come and hands them on in their order when there is time. A tracer whose output is not
 * read waits, and what its kernel buffer cannot hold meanwhile is lost: here there is only memory to fill.
 * It is bounded, in its second half for samples: what is beyond that is told of as bpftrace tells of what it has lost.
 */
export const createLineQueue = (handle: (line: string) => void, most = mostWaiting): LineQueue => {
  let lost = 0
  let lines: string[] = []
  let next = 0
  let scheduled = false

  const work = (count: number): void => {
    for (const end = Math.min(lines.length, next + count); next < end; ) handle(lines[next++] ?? '')
    if (lost >= toldAtOnce || (lost > 0 && next >= lines.length)) {
      const events = lost
      lost = 0
      handle(JSON.stringify({ type: 'lost_events', data: { events } }))
    }
    if (next < lines.length) schedule()
    if (next > lines.length / 2) {
      lines = lines.slice(next)
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
      const waiting = lines.length - next
      if (waiting >= most || (waiting >= most / 2 && isSample(line))) lost++
      else lines.push(line)
      schedule()
    },
    drain: () => work(Number.POSITIVE_INFINITY),
  }
}
