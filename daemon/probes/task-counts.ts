import type { EventDraft } from '../contract/event.ts'
import type { SwitchWay } from '../contract/event-parts.ts'
import { switchWay } from '../raw/enums.ts'
import type { DecodeContext, RecordDecoders } from './probe-set.ts'

/**
 * Counts of the running transition. The tracer writes all of a second one behind the other and marks no end: they are
 * told as one event each, when a record of another kind comes.
 */
export type TaskCountsMemory = {
  /** Tries not told yet, by key of the task (see taskKey). */
  tries: [number, number][]
  /** Of which transition the switches are. */
  generation: string
  switched: Partial<Record<SwitchWay, number>>
  isSwitchedNew: boolean
  /** The newest of what is not told yet. */
  monoNs: string
}

export const freshTaskCounts = (): TaskCountsMemory => ({
  tries: [],
  generation: '0',
  switched: {},
  isSwitchedNew: false,
  monoNs: '0',
})

const ways: ReadonlyMap<number, SwitchWay> = new Map([
  [switchWay.TRANSITION_WORKER, 'transition-worker'],
  [switchWay.SCHEDULE, 'schedule'],
  [switchWay.KERNEL_EXIT, 'kernel-exit'],
  [switchWay.IDLE_LOOP, 'idle-loop'],
  [switchWay.FORCED, 'forced'],
  [switchWay.FORKED, 'forked'],
])

export const wayOf = (way: number): SwitchWay => ways.get(way) ?? 'snapshot'

/** What was counted and is not told yet. */
export const takeCounts = (context: DecodeContext): EventDraft[] => {
  const { tries, switched, isSwitchedNew, monoNs } = context.taskCounts
  context.taskCounts.tries = []
  context.taskCounts.isSwitchedNew = false
  return [
    ...(tries.length > 0 ? [{ kind: 'task-tries', monoNs, tries } as const] : []),
    ...(isSwitchedNew ? [{ kind: 'tasks-switched', monoNs, counts: switched } as const] : []),
  ]
}

const isOfRunning = ({ transition }: DecodeContext, generation: bigint): boolean =>
  transition?.generation === String(generation)

export const countRecords = {
  'task-tries': ({ generation, tries, tid, cpu, monoNs }, context) => {
    if (!isOfRunning(context, generation)) return []
    context.taskCounts.tries.push([tid === 0 ? -(cpu + 1) : tid, Number(tries)])
    context.taskCounts.monoNs = String(monoNs)
    return []
  },

  'tasks-switched': ({ generation, tasks, way, monoNs }, context) => {
    if (!isOfRunning(context, generation)) return []
    const memory = context.taskCounts
    if (memory.generation !== String(generation)) memory.switched = {}
    memory.generation = String(generation)
    const count = Number(tasks)
    const { [wayOf(way)]: before, ...others } = memory.switched
    // In the order in which they were told last.
    memory.switched = { ...others, [wayOf(way)]: count }
    if (before === count) return []
    memory.isSwitchedNew = true
    memory.monoNs = String(monoNs)
    return []
  },
} satisfies RecordDecoders

/** Whether records of this kind come one behind the other, to be told together. */
export const isCount = (name: string): boolean => Object.hasOwn(countRecords, name)
