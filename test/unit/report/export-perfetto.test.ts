import { writeFileSync } from 'node:fs'
import { execa } from 'execa'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { parseTime } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import type { ExportRange } from '../../../daemon/report/event-pages.ts'
import { exportPerfetto } from '../../../daemon/report/export-perfetto.ts'
import { aWorld, type Happening, sleeperBlocked, started, transitionStarted } from '../support/fold.ts'
import { hostileSteps } from '../support/hostile-story.ts'
import { perfettoProto } from '../support/perfetto-proto.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingNames, recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
let made = 0
const traceType = protobuf.parse(perfettoProto, { keepCase: true }).root.lookupType('Trace')

type Annotation = { name: string; string_value?: string; int_value?: string; array_values?: Annotation[] }
type Packet = {
  timestamp?: string
  trusted_packet_sequence_id: number
  sequence_flags?: number
  track_descriptor?: {
    uuid: string
    name: string
    parent_uuid?: string
    counter?: { unit_name: string }
    child_ordering?: string
    sibling_order_rank?: number
  }
  track_event?: {
    type: string
    track_uuid: string
    name?: string
    categories?: string[]
    double_counter_value?: number
    debug_annotations?: Annotation[]
  }
}

const exported = (steps: readonly Step[], range: ExportRange = {}): Uint8Array => {
  const database = recordSteps(steps, dir.path(`klpscope-${made++}.db`))
  const bytes = Buffer.concat([...exportPerfetto(database, range)].map((piece) => Buffer.from(piece.bytes)))
  database.close()
  return bytes
}
/** As another reader sees it: told apart from our own schema, every byte accounted for. */
const decoded = (bytes: Uint8Array): Packet[] => {
  const message = traceType.decode(bytes)
  expect(Buffer.from(traceType.encode(message).finish()).equals(bytes), 'no unknown fields').toBe(true)
  return (traceType.toObject(message, { longs: String, enums: String }) as { packet: Packet[] }).packet
}

/** What the UI would show: tracks by path, and on each its slices, instants and counts. */
const timeline = (packets: Packet[]) => {
  const tracks = new Map(packets.flatMap(({ track_descriptor: d }) => (d ? [[d.uuid, d] as const] : [])))
  const path = (uuid: string): string => {
    const track = tracks.get(uuid)!
    return track.parent_uuid === undefined ? track.name : `${path(track.parent_uuid)} / ${track.name}`
  }
  const open = new Map<string, { name: string; from: bigint; args: Annotation[] }[]>()
  const slices: { track: string; name: string; from: bigint; to: bigint | null; args: Annotation[] }[] = []
  const instants: string[] = []
  const counts: { track: string; value: number }[] = []
  for (const { timestamp, track_event: event } of packets) {
    if (!event) continue
    expect(tracks.has(event.track_uuid), 'a track is described before it is used').toBe(true)
    const [track, at] = [path(event.track_uuid), BigInt(timestamp!)]
    const stack = open.get(track) ?? []
    open.set(track, stack)
    if (event.type === 'TYPE_SLICE_BEGIN')
      stack.push({ name: event.name!, from: at, args: event.debug_annotations ?? [] })
    else if (event.type === 'TYPE_SLICE_END') slices.push({ track, to: at, ...stack.pop()! })
    else if (event.type === 'TYPE_INSTANT') instants.push(`${track}: ${event.name}`)
    else counts.push({ track, value: event.double_counter_value! })
  }
  for (const [track, stack] of open) for (const slice of stack) slices.push({ track, to: null, ...slice })
  return { slices, instants, counts, paths: [...tracks.keys()].map(path) }
}
const argument = (args: Annotation[], name: string) => args.find((each) => each.name === name)

describe.each(recordingNames)('the trace of %s', (name) => {
  it('is one that a reader of the format takes, with every slice the right way round', () => {
    const packets = decoded(exported(stepsOf(name)))
    expect(packets[0]).toMatchObject({ sequence_flags: 1 })
    for (const packet of packets) expect(packet.trusted_packet_sequence_id).toBe(1)
    const { slices, paths } = timeline(packets)
    for (const { from, to } of slices) if (to !== null) expect(to).toBeGreaterThanOrEqual(from)
    expect(new Set(paths).size).toBe(paths.length)
  })
})

describe('the trace of a stall', () => {
  const steps = stepsOf(recordingsOf('stall-sleeping')[0]!)
  const event = (kind: string) => steps.find((step) => step.event.kind === kind)!.event

  it('has the transition, and the blocked task with its reason and stack', () => {
    const { slices } = timeline(decoded(exported(steps)))
    const transition = slices.find((slice) => slice.name === 'patching klpt_patch_v1')!
    expect(transition).toMatchObject({
      track: 'klpscope klpscope-lab / Transitions',
      from: parseTime(event('transition-started').time),
      to: parseTime(event('transition-completed').time),
    })
    const blocked = slices.find((slice) => slice.name === 'sleeping-on-function: klpt_sleep_in_function')!
    expect(blocked.track).toMatch(/^klpscope klpscope-lab \/ Blocked tasks \/ klpt-sleeper \d+$/)
    const [first, last] = [
      steps.find((step) => step.event.kind === 'task-blocked' && step.event.comm === 'klpt-sleeper'),
      steps.find((step) => step.event.kind === 'task-switched' && step.event.comm === 'klpt-sleeper'),
    ]
    expect([blocked.from, blocked.to]).toEqual([parseTime(first!.event.time), parseTime(last!.event.time)])
    expect(argument(blocked.args, 'reason')?.string_value).toBe('sleeping-on-function')
    expect(
      argument(blocked.args, 'stack')
        ?.array_values?.map((each) => each.string_value)
        .join('\n'),
    ).toMatch(/^klpt_wait_for_release.*\nklpt_sleep_in_function/)
  })

  it('counts remaining tasks down to none, and marks callbacks', () => {
    const { counts, instants } = timeline(decoded(exported(steps)))
    const remaining = counts
      .filter(({ track }) => track.endsWith('/ Remaining tasks'))
      .map(({ value }) => value)
    expect(remaining).toContain(1)
    expect(remaining.at(-1)).toBe(0)
    expect(instants).toContain('klpscope klpscope-lab / Callbacks: callback-called')
  })

  it('cut off in the middle leaves open what was open', () => {
    const toNs = parseTime(event('transition-started').time) + 3_000_000_000n
    const { slices } = timeline(decoded(exported(steps, { toNs })))
    expect(slices.find((slice) => slice.name.startsWith('sleeping-on-function'))?.to).toBeNull()
  })

  it('begun in the middle knows the blocked task from what was before', () => {
    const fromNs = parseTime(event('transition-started').time) + 2_000_000_000n
    const { slices } = timeline(decoded(exported(steps, { fromNs })))
    expect(slices.some((slice) => slice.track.includes('klpt-sleeper'))).toBe(true)
  })
})

it('shadow variables are counters of their own', () => {
  const { counts } = timeline(decoded(exported(stepsOf(recordingsOf('replace')[0]!))))
  expect(
    counts.filter(({ track }) => track.endsWith('Shadow variables / live 0x1001')).map(({ value }) => value),
  ).toContain(5)
})

it('a gap is a slice, and so is a task blocked when the tracer went away for good', () => {
  const { slices } = timeline(decoded(exported(stepsOf(recordingsOf('restart')[0]!))))
  expect(slices.find((slice) => slice.track.endsWith('Tracer / not seen: daemon'))).toMatchObject({
    name: 'nothing seen',
  })
  const world = aWorld()
  const steps: Step[] = []
  const at = (...args: Parameters<typeof world.at>) =>
    steps.push({ event: world.at(...args), state: world.state(), effects: [] })
  at(1, started('one'))
  at(2, transitionStarted())
  at(3, sleeperBlocked)
  at(9, started('another boot'))
  const lost = timeline(decoded(exported(steps))).slices.find((slice) => slice.track.includes('klpt-sleeper'))
  expect(lost?.to).not.toBeNull()
})

it('what a user’s own probe printed is a moment on a track of that probe', () => {
  const world = aWorld()
  const happenings: Happening[] = [
    { ...started(), hostname: 'h' },
    { kind: 'custom', probe: 'mine', what: 'line', fields: [{ value: 'hello' }] },
  ]
  const steps = happenings.map(
    (happening): Step => ({ event: world.at(1, happening), state: world.state(), effects: [] }),
  )
  expect(timeline(decoded(exported(steps))).instants).toContain('klpscope h / Your own probes / mine: custom')
})

it('hostile names are names', () => {
  const { slices } = timeline(decoded(exported(hostileSteps())))
  expect(slices.some((slice) => slice.track.endsWith('</pre><script> 7'))).toBe(true)
})

/** Perfetto's own reader; it comes with no package we can name, so it is used where there is one. */
const traceProcessor = process.env.KLPSCOPE_TRACE_PROCESSOR
describe.skipIf(traceProcessor === undefined)('Perfetto’s own trace_processor', () => {
  it.each(recordingNames)(
    'reads %s without an error',
    async (name) => {
      const bytes = exported(stepsOf(name))
      const file = dir.path(`${name}.pftrace`)
      writeFileSync(file, bytes)
      const query = async (sql: string) =>
        (await execa(traceProcessor!, ['-Q', sql, file])).stdout.trim().split('\n').slice(1)
      expect(await query("select name from stats where value > 0 and severity != 'info'")).toEqual([])
      const { slices, instants } = timeline(decoded(bytes))
      expect(await query('select count(*) from slice')).toEqual([String(slices.length + instants.length)])
      const named = await query("select s.name from slice s where s.category = 'blocked' order by s.ts")
      expect(named.map((line) => line.replace(/^"|"$/g, '')).sort()).toEqual(
        slices
          .filter((slice) => slice.track.includes('Blocked tasks'))
          .map((slice) => slice.name)
          .sort(),
      )
    },
    60_000,
  )
})
