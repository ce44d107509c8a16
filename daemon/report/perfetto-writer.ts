import { createHash } from 'node:crypto'
import { traceType } from './perfetto-schema.ts'

/** What may stand beside an event: shown as its arguments. */
export type PerfettoArgs = Record<string, string | number | boolean | readonly string[] | null | undefined>

export type PerfettoTrack = {
  /** Names the track in the trace, the same in every export of a host. */
  key: string
  name: string
  parent?: PerfettoTrack
  /** How its own children stand: in the order of `rank`, or of their first event. */
  children?: 'EXPLICIT' | 'CHRONOLOGICAL'
  rank?: number
  /** A counter, in this unit. */
  unit?: string
}

type Named = { name: string; category: string; args?: PerfettoArgs }

export type PerfettoWriter = {
  slice: (track: PerfettoTrack, fromNs: bigint, toNs: bigint | null, what: Named) => void
  instant: (track: PerfettoTrack, atNs: bigint, what: Named) => void
  counter: (track: PerfettoTrack, atNs: bigint, value: number) => void
  /** The clocks at one moment: lets the UI show times of day. */
  clocks: (atNs: bigint) => void
  /** What was written since the last call. */
  take: () => Uint8Array
}

const sequence = { trustedPacketSequenceId: 1 }
/** Builtin clocks of ClockSnapshot: the trace's time is CLOCK_BOOTTIME by definition; here it is wall-clock time. */
const realtime = 1
const boottime = 6
const incrementalStateCleared = 1
const [begin, end, instant, counter] = [1, 2, 3, 4]
const orderings = { CHRONOLOGICAL: 2, EXPLICIT: 3 }

/** Writes a trace packet by packet: any prefix of it is a trace. Timestamps are Unix nanoseconds. */
export const createPerfettoWriter = (): PerfettoWriter => {
  const described = new Set<string>()
  let pieces: Uint8Array[] = []
  let isFirst = true

  const packet = (fields: Record<string, unknown>): void => {
    const flags = isFirst ? { sequenceFlags: incrementalStateCleared } : {}
    isFirst = false
    pieces.push(traceType.encode({ packet: [{ ...sequence, ...flags, ...fields }] }).finish())
  }
  const event = (track: PerfettoTrack, atNs: bigint, fields: Record<string, unknown>): void => {
    describe(track)
    packet({ timestamp: String(atNs), trackEvent: { trackUuid: uuidOf(track), ...fields } })
  }
  const describe = (track: PerfettoTrack): void => {
    if (described.has(track.key)) return
    if (track.parent) describe(track.parent)
    described.add(track.key)
    packet({
      trackDescriptor: {
        uuid: uuidOf(track),
        name: track.name,
        ...(track.parent ? { parentUuid: uuidOf(track.parent) } : {}),
        ...(track.children ? { childOrdering: orderings[track.children] } : {}),
        ...(track.rank === undefined ? {} : { siblingOrderRank: track.rank }),
        ...(track.unit === undefined ? {} : { counter: { unitName: track.unit } }),
      },
    })
  }
  const named = ({ name, category, args = {} }: Named) => ({
    name,
    categories: [category],
    debugAnnotations: Object.entries(args).flatMap(annotation),
  })

  return {
    slice: (track, fromNs, toNs, what) => {
      event(track, fromNs, { type: begin, ...named(what) })
      if (toNs !== null) event(track, toNs, { type: end })
    },
    instant: (track, atNs, what) => event(track, atNs, { type: instant, ...named(what) }),
    counter: (track, atNs, value) => event(track, atNs, { type: counter, doubleCounterValue: value }),
    clocks: (atNs) =>
      packet({
        clockSnapshot: {
          clocks: [boottime, realtime].map((clockId) => ({ clockId, timestamp: String(atNs) })),
        },
      }),
    take: () => {
      const taken = Buffer.concat(pieces)
      pieces = []
      return taken
    },
  }
}

const uuids = new Map<string, string>()
const uuidOf = ({ key }: PerfettoTrack): string => {
  const known = uuids.get(key)
  if (known !== undefined) return known
  const uuid = String(createHash('sha256').update(`klpscope ${key}`).digest().readBigUInt64LE())
  uuids.set(key, uuid)
  return uuid
}

const annotation = ([name, value]: [string, PerfettoArgs[string]]): object[] => {
  if (value === null || value === undefined) return []
  if (typeof value === 'string') return [{ name, stringValue: value }]
  if (typeof value === 'number')
    return [Number.isSafeInteger(value) ? { name, intValue: value } : { name, doubleValue: value }]
  if (typeof value === 'boolean') return [{ name, boolValue: value }]
  return [{ name, arrayValues: value.map((each) => ({ stringValue: each })) }]
}
