import { kthreadFlag, objectMoment } from '../raw/enums.ts'
import type { RecordName, RecordOf, TracerRecord } from '../raw/records.ts'
import { inventoryTuples } from './bpftrace-inventory.ts'
import { wholeName } from './cut-names.ts'
import type { DecodeContext } from './probe-set.ts'
import type { TaskId } from './task-id.ts'
import type { Tuple } from './tuple.ts'

/** Tuples of bpftrace as the tracer's records: what bpf/*.bt told and bpf/*.bpf.c tells is decoded in one place. */

type Fields<Name extends RecordName> = Omit<RecordOf<Name>, 'record' | 'cpu'>

const record = <Name extends RecordName>(name: Name, fields: Fields<Name>): RecordOf<Name> =>
  ({ record: name, cpu: 0, ...fields }) as unknown as RecordOf<Name>

const time = (tuple: Tuple): bigint => BigInt(tuple.monoNs())
/** Errors were told as positive numbers. */
const result = (tuple: Tuple): number => 0 - tuple.int()

const nobody: TaskId = { tid: 0, pid: 0, startBootNs: 0n, cpu: 0, flags: 0, comm: '' }
const by = (tuple: Tuple): TaskId => ({
  ...nobody,
  pid: tuple.int(),
  tid: tuple.int(),
  comm: tuple.string(),
})

const step =
  (name: 'transition-reversed' | 'transition-forced' | 'transition-cancelled') =>
  (tuple: Tuple): TracerRecord[] => [
    record(name, { monoNs: time(tuple), target: tuple.int(), by: by(tuple) }),
  ]

const patchStep =
  (name: 'patch-compatible' | 'patch-replacing' | 'patch-settled' | 'patch-loaded') =>
  (tuple: Tuple): TracerRecord[] => {
    const monoNs = time(tuple)
    const patch = tuple.string()
    const told = name === 'patch-replacing' ? 0 : name === 'patch-loaded' ? result(tuple) : tuple.int()
    return [record(name, { monoNs, patch, result: told, by: nobody })]
  }

const moduleStep =
  (name: 'patch-released' | 'module-coming' | 'module-came' | 'module-gone') =>
  (tuple: Tuple): TracerRecord[] => [
    record(name, {
      monoNs: time(tuple),
      module: tuple.string(),
      result: name === 'module-came' ? result(tuple) : 0,
    }),
  ]

const objectStep =
  (name: 'object-resolved' | 'object-patching' | 'object-patched' | 'object-unpatched') =>
  (tuple: Tuple): TracerRecord[] => {
    const monoNs = time(tuple)
    const patch = tuple.string()
    const object = tuple.string()
    const told = name === 'object-resolved' || name === 'object-patched' ? result(tuple) : 0
    const facts = name === 'object-patched' || name === 'object-unpatched' ? tuple.int() : 0
    const going = name === 'object-unpatched' && tuple.bool()
    const moment = going ? objectMoment.MODULE_GOES : objectMoment.NONE
    return [record(name, { monoNs, patch, object, result: told, facts, moment })]
  }

/** What a map counted of the running transition, by the rest of its key. */
const countsOf = ({ maps, transition }: DecodeContext, map: string): { key: number[]; count: bigint }[] =>
  [...(maps.get(map) ?? [])].flatMap(([key, count]) => {
    const [generation, ...rest] = key.split(',')
    return generation === transition?.generation ? [{ key: rest.map(Number), count: BigInt(count) }] : []
  })

const switches = (context: DecodeContext, monoNs: bigint): TracerRecord[] =>
  countsOf(context, '@switched').map(({ key: [way = 0], count }) => {
    const generation = BigInt(context.transition?.generation ?? 0)
    return record('tasks-switched', { monoNs, generation, way, tasks: count })
  })

/** `idle` is the CPU plus one. */
const tries = (context: DecodeContext, monoNs: bigint): TracerRecord[] =>
  countsOf(context, '@tries').map(({ key: [tid = 0, idle = 0], count }) => {
    const generation = BigInt(context.transition?.generation ?? 0)
    const who = idle > 0 ? { tid: 0, cpu: idle - 1 } : { tid, cpu: 0 }
    return { ...record('task-tries', { monoNs, generation, tries: count, tid: who.tid }), cpu: who.cpu }
  })

type Adapter = (tuple: Tuple, context: DecodeContext) => TracerRecord[]

const tuples: Readonly<Record<string, Adapter>> = {
  'transition.ask': (tuple) => [
    record('transition-asked', {
      monoNs: 0n,
      by: by(tuple),
      parent: { ...nobody, pid: tuple.int(), comm: tuple.string() },
    }),
  ],
  'transition.start': (tuple) => [
    record('transition-started', {
      monoNs: time(tuple),
      patch: tuple.string(),
      target: tuple.int(),
      replace: tuple.bool(),
    }),
  ],
  'transition.reverse': step('transition-reversed'),
  'transition.force': step('transition-forced'),
  'transition.cancel': step('transition-cancelled'),
  'transition.finishing': (tuple) => [
    record('transition-finishing', {
      monoNs: time(tuple),
      tryBeganNs: time(tuple),
      lastSwitchNs: time(tuple),
    }),
  ],
  'transition.end': (tuple, context) => {
    const ended = record('transition-ended', {
      monoNs: time(tuple),
      patch: tuple.string(),
      target: tuple.int(),
    })
    return [...switches(context, ended.monoNs), ended]
  },
  'transition.tried': (tuple) => [record('transition-tried', { monoNs: time(tuple), beganNs: time(tuple) })],
  'transition.signal': (tuple) => [
    record('transition-signalled', { monoNs: time(tuple), round: tuple.int() }),
  ],

  'task.blocked': (tuple, { longNames }) => {
    const monoNs = time(tuple)
    const [tid, pid, error] = [tuple.int(), tuple.int(), result(tuple)]
    const name = tuple.string()
    const flags = tuple.bool() ? kthreadFlag : 0
    const [cpu, state] = [tuple.int(), tuple.int()]
    const task = { ...nobody, tid, pid, flags, cpu, comm: tuple.string() }
    const whole = name === '' ? '' : wholeName(name, longNames)
    return [record('task-blocked', { monoNs, task, error, state, function: whole })]
  },
  'task.switched': (tuple) => {
    const monoNs = time(tuple)
    const [tid, pid, way, cpu] = [tuple.int(), tuple.int(), tuple.int(), tuple.int()]
    return [
      record('task-switched', { monoNs, way, task: { ...nobody, tid, pid, cpu, comm: tuple.string() } }),
    ]
  },
  'tasks.tick': (tuple, context) => {
    const monoNs = time(tuple)
    return [...tries(context, monoNs), ...switches(context, monoNs)]
  },
  idle: (tuple) => [
    record('idle-task', { monoNs: time(tuple), ofCpu: tuple.int(), patchState: tuple.int() }),
  ],

  'patch.load': (tuple) => [
    record('patch-loading', {
      monoNs: time(tuple),
      patch: tuple.string(),
      version: tuple.string(),
      replace: tuple.bool(),
      by: by(tuple),
    }),
  ],
  'patch.state': (tuple) => [
    record('patch-state', {
      monoNs: time(tuple),
      patch: tuple.string(),
      id: BigInt(tuple.address()),
      version: tuple.int(),
    }),
  ],
  'patch.compatible': patchStep('patch-compatible'),
  'patch.loaded': patchStep('patch-loaded'),
  'patch.replacing': patchStep('patch-replacing'),
  'patch.settled': patchStep('patch-settled'),
  'patch.released': moduleStep('patch-released'),
  'object.found': (tuple) => [
    record('object-found', {
      monoNs: time(tuple),
      moment: tuple.int(),
      patch: tuple.string(),
      object: tuple.string(),
      facts: tuple.int(),
      result: 0,
    }),
  ],
  'object.resolved': objectStep('object-resolved'),
  'object.patching': objectStep('object-patching'),
  'object.patched': objectStep('object-patched'),
  'object.unpatched': objectStep('object-unpatched'),
  'module.coming': moduleStep('module-coming'),
  'module.came': moduleStep('module-came'),
  'module.gone': moduleStep('module-gone'),
}

/** Names of all tuples that become records of the tracer. */
export const tuplesOfRecords: readonly string[] = [...Object.keys(tuples), ...Object.keys(inventoryTuples)]
/** The maps that go with them. */
export const mapsOfRecords: readonly string[] = ['@tries', '@switched']

/** Null: such a tuple has no record of the tracer. */
export const recordsOfTuple = (tuple: Tuple, context: DecodeContext): TracerRecord[] | null => {
  if (Object.hasOwn(tuples, tuple.name)) return tuples[tuple.name]?.(tuple, context) ?? null
  if (Object.hasOwn(inventoryTuples, tuple.name))
    return inventoryTuples[tuple.name]?.(tuple, context.bpftrace) ?? null
  return null
}
