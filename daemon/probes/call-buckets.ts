import { Tuple } from './tuple.ts'

/** Calls of one function in one second of the monotonic clock, as far as not told before. */
export type CallBucket = { function: number; second: number; entered: number; redirected: number }

/** As in bpf/function-calls.bt: seconds are told modulo this. */
const slots = 8
/** Printing lags behind the tick: the contents may be from so many seconds after it. */
const aheadS = 2

/** Reads the output of one run of bpf/function-calls.bt; its totals become what is new at each tick. */
export class CallBuckets {
  #now = new Map<string, number>()
  #told = new Map<string, number>()

  /**
   * `lost`: so many counts or prints did not come through.
   * @param readMonoNs when the line was read: the contents of the map are from just before
   * @throws Error when the line is not of that output
   */
  read(
    line: string,
    readMonoNs: string,
  ): { monoNs: string; buckets: CallBucket[] } | { lost: number } | null {
    const message = JSON.parse(line) as { type?: unknown; data?: unknown }
    if (message.type === 'helper_error') return { lost: 1 }
    if (message.type === 'lost_events') return { lost: Number((message.data as { events: number }).events) }
    if (message.type === 'map') {
      const { '@calls': calls } = message.data as { '@calls'?: Record<string, number | string> }
      if (!calls) throw new Error('another map than @calls')
      // Newer versions print large numbers as strings.
      this.#now = new Map(Object.entries(calls).map(([key, total]) => [key, Number(total)]))
      return null
    }
    if (message.type !== 'value') return null
    if (!Array.isArray(message.data)) throw new Error('a value that is not a tuple')
    const tuple = new Tuple(message.data)
    if (tuple.name !== 'calls.tick') throw new Error(`unknown record ${tuple.name}`)
    const monoNs = tuple.monoNs()
    const latest = Math.min(secondOf(monoNs) + aheadS, secondOf(readMonoNs))
    return { monoNs, buckets: this.#tick(latest) }
  }

  #tick(latest: number): CallBucket[] {
    const buckets = new Map<string, CallBucket>()
    for (const [key, total] of this.#now) {
      const calls = total - (this.#told.get(key) ?? 0)
      if (calls === 0) continue
      this.#told.set(key, total)
      const [number = 0, what = 0, slot = 0] = key.split(',').map(Number)
      const at = newestSecond(latest, slot)
      const id = `${number}:${at}`
      const bucket = buckets.get(id) ?? { function: number, second: at, entered: 0, redirected: 0 }
      bucket[what === 0 ? 'entered' : 'redirected'] += calls
      buckets.set(id, bucket)
    }
    return [...buckets.values()]
  }
}

const secondOf = (monoNs: string): number => Number(BigInt(monoNs) / 1_000_000_000n)

/** The newest second, not after `latest`, that is told as this slot. */
const newestSecond = (latest: number, slot: number): number => latest - ((latest - slot + slots) % slots)
