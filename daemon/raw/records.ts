import type { Decoded } from './fields.ts'

/**
 * Every record of bpf/records.h, as the decoders want it: which fields there are and what they become. Where they are
 * and how long the tracer says in its first frames. test/unit/raw/layout.test.ts compares the two.
 */

const task = {
  tid: 'int',
  pid: 'int',
  startBootNs: 'wide',
  cpu: 'int',
  flags: 'int',
  comm: 'text',
} as const
const transitionStep = { by: task, target: 'int' } as const
const patchStep = { by: task, result: 'int', patch: 'text' } as const
const objectStep = { moment: 'int', facts: 'int', result: 'int', patch: 'text', object: 'text' } as const
const moduleStep = { result: 'int', module: 'text' } as const

export const recordFields = {
  'transition-asked': { by: task, parent: task },
  'transition-started': { target: 'int', replace: 'flag', patch: 'text' },
  'transition-reversed': transitionStep,
  'transition-forced': transitionStep,
  'transition-cancelled': transitionStep,
  'transition-tried': { beganNs: 'wide' },
  'transition-signalled': { round: 'int' },
  'transition-finishing': { tryBeganNs: 'wide', lastSwitchNs: 'wide' },
  'transition-ended': { target: 'int', patch: 'text' },
  'task-blocked': { task, error: 'int', state: 'int', function: 'text' },
  'task-switched': { task, way: 'int' },
  'task-tries': { generation: 'wide', tries: 'wide', tid: 'int', cpu: 'int' },
  'tasks-switched': { generation: 'wide', tasks: 'wide', way: 'int' },
  task: { task, patchState: 'int', onCpu: 'flag' },
  'task-waited-for': { task, state: 'int', onCpu: 'flag', frames: 'int', address: 'wides' },
  'tasks-end': { list: 'int', rows: 'int', complete: 'flag' },
  'idle-task': { ofCpu: 'int', patchState: 'int' },
  'patch-loading': { by: task, replace: 'flag', patch: 'text', version: 'text' },
  'patch-state': { id: 'wide', version: 'int', patch: 'text' },
  'patch-compatible': patchStep,
  'patch-loaded': patchStep,
  'patch-replacing': patchStep,
  'patch-settled': patchStep,
  'patch-released': moduleStep,
  'object-found': objectStep,
  'object-resolved': objectStep,
  'object-patching': objectStep,
  'object-patched': objectStep,
  'object-unpatched': objectStep,
  'module-coming': moduleStep,
  'module-came': moduleStep,
  'module-gone': moduleStep,
  'inventory-patch': { walk: 'int', enabled: 'flag', replace: 'flag', forced: 'flag', patch: 'text' },
  'inventory-state': { id: 'wide', walk: 'int', version: 'int' },
  'inventory-object': {
    walk: 'int',
    facts: 'int',
    prePatch: 'wide',
    postPatch: 'wide',
    preUnpatch: 'wide',
    postUnpatch: 'wide',
    object: 'text',
  },
  'inventory-func': {
    walk: 'int',
    nop: 'flag',
    patched: 'flag',
    transition: 'flag',
    oldSympos: 'wide',
    oldFunc: 'wide',
    newFunc: 'wide',
    oldSize: 'wide',
    newSize: 'wide',
    stackNode: 'wide',
    stackNext: 'wide',
    stackPrev: 'wide',
    function: 'text',
  },
  'inventory-end': { walk: 'int', complete: 'flag', entries: 'int' },
  'shadow-call': { task, object: 'wide', id: 'wide', bytes: 'wide', caller: 'wide', what: 'int' },
  'shadow-freed-all': { task, id: 'wide', count: 'wide', caller: 'wide' },
  'shadow-user': { id: 'wide', caller: 'wide' },
  'shadow-count': {
    id: 'wide',
    allocated: 'wides',
    freed: 'wides',
    found: 'wide',
    duplicates: 'wide',
    failed: 'wide',
    missed: 'wide',
    raced: 'wide',
  },
  'shadow-allocations': { id: 'wide', caller: 'wide', allocations: 'wide' },
  'shadow-size': { id: 'wide', bytes: 'wide' },
  'shadow-found': { pass: 'wide', id: 'wide', found: 'wide', known: 'wides', atLeast: 'wides' },
  'shadow-walked': { pass: 'wide', found: 'wide', isVoid: 'flag', tooLong: 'flag' },
  'function-calls': { address: 'wide', calls: 'wide', role: 'int' },
  'function-counting': {
    address: 'wide',
    role: 'int',
    error: 'int',
    counting: 'flag',
    budgetPerS: 'int',
  },
  canary: { number: 'wide' },
  clock: { bootNs: 'wide', wallNs: 'wide', widthNs: 'wide' },
  account: { ofKind: 'int', emitted: 'wide', unreserved: 'wide', written: 'wide', unwritten: 'wide' },
  gap: { fromNs: 'wide', over: 'flag', reason: 'text' },
  'shadow-counted': { ids: 'wide', notStreamed: 'wide', pass: 'wide' },
  symbol: { address: 'wide', start: 'wide', name: 'text', module: 'text' },
  'tracing-link': {
    holder: task,
    linkId: 'int',
    programId: 'int',
    attachType: 'int',
    targetObjectId: 'int',
    targetBtfId: 'int',
    program: 'text',
  },
  'tracing-links-end': { rows: 'int', complete: 'flag' },
  blindness: { fromNs: 'wide', over: 'flag', function: 'text', reason: 'text' },
  busy: {},
} as const

/** What stands at the head of each. */
export const headerFields = { kind: 'int', cpu: 'int', monoNs: 'wide' } as const

export type RecordName = keyof typeof recordFields

/** A record of the tracer, with the CPU that wrote it and CLOCK_MONOTONIC at that moment, in nanoseconds. */
export type RecordOf<Name extends RecordName> = { record: Name; cpu: number; monoNs: bigint } & Decoded<
  (typeof recordFields)[Name]
>

export type TracerRecord = { [Name in RecordName]: RecordOf<Name> }[RecordName]
