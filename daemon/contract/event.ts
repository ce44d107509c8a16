import { z } from 'zod'
import { callbackSchema } from './callback.ts'
import {
  basisSchema,
  blockReasonSchema,
  countingStatusSchema,
  directionSchema,
  livepatchModuleSchema,
  observedPatchSchema,
  observedTaskSchema,
  patchStateSchema,
  probeSetSchema,
  refusalFields,
  requesterSchema,
  switchWaySchema,
} from './event-parts.ts'
import { inventoriedPatchSchema } from './inventory.ts'
import { addressSchema, shadowAgesSchema, shadowCountSchema, shadowDriftSchema } from './shadow.ts'

/**
 * Events: what happened, in the past tense, numbered, and the only truth. Every state is a fold over them.
 *
 * Times: `time` is RFC 3339 with nanoseconds (wall clock), `monoNs` the same moment on CLOCK_MONOTONIC as a
 * decimal string of nanoseconds (a double could not hold it). Addresses are `0x…` strings.
 */

const monoNs = z.string().regex(/^\d+$/)

const base = z.object({
  /** Position in the record; strictly increasing over the life of a database. */
  seq: z.number().int().nonnegative(),
  time: z.string(),
  monoNs,
  /** Livepatch module name, as under /sys/kernel/livepatch. */
  patch: z.string().optional(),
  /** Patched object: a module name or `vmlinux`. */
  object: z.string().optional(),
  function: z.string().optional(),
  /** Transition id; stable across restarts of the daemon. */
  transition: z.string().optional(),
  tid: z.number().int().optional(),
  pid: z.number().int().optional(),
  comm: z.string().optional(),
})

const transitionFields = { patch: z.string(), direction: directionSchema, basis: basisSchema.optional() }
const taskFields = { tid: z.number().int(), pid: z.number().int(), comm: z.string() }
const shadowFields = { obj: addressSchema, id: addressSchema }

const kind = <K extends string, S extends z.ZodRawShape>(name: K, shape: S) =>
  base.extend({ kind: z.literal(name), ...shape })

export const eventSchema = z.discriminatedUnion('kind', [
  // The tracer itself. Gaps and losses are data: each is on the timeline.
  kind('tracer-started', {
    hostname: z.string(),
    kernel: z.string(),
    bootId: z.string(),
    cpus: z.number().int(),
    version: z.string(),
    stalledAfterMs: z.number(),
  }),
  /** Every probe is attached (or reported missing); from here on nothing is missed silently. */
  kind('tracer-attached', { probeSets: z.array(probeSetSchema) }),
  kind('tracer-stopped', { reason: z.string() }),
  /** Nothing was observed by `source` between the two moments. */
  kind('tracer-gap', { source: z.string(), fromMonoNs: monoNs, toMonoNs: monoNs, reason: z.string() }),
  /** `bpftrace`: dropped between kernel and daemon. `record`: seen, but not written, for want of room. */
  kind('events-lost', { source: z.string(), count: z.number().int() }),
  /** CPU time that the daemon and its tracers used in a window of time. */
  kind('overhead-measured', { windowMs: z.number(), daemonMs: z.number(), tracersMs: z.number() }),
  /** From here on the record cannot be written; events wait, within a bound. */
  kind('record-failed', { reason: z.string(), remedy: z.string() }),
  /** It can be written again; `lost` events are not in it, and never will be. */
  kind('record-resumed', { lost: z.number().int() }),
  /** The record was damaged: a new one was begun, and the old one is kept under another name. */
  kind('record-renewed', { reason: z.string(), setAside: z.string().nullable() }),
  kind('decode-failed', { source: z.string(), error: z.string(), raw: z.string() }),
  /**
   * Wall clock minus monotonic clock, when it is another than before by 10 ms. `drifted`: little by little; `set`: in
   * one go; `suspended`: the monotonic clock stood still while the host slept.
   */
  kind('clock-mapped', {
    offsetNs: z.string(),
    cause: z.enum(['first', 'drifted', 'set', 'suspended']).optional(),
    suspendedNs: monoNs.optional(),
  }),

  /** `modules`: livepatch modules that are loaded without a patch in place (disabled, replaced, refused). */
  kind('patches-observed', {
    /** The first look of a run: what the record says of before may be out of date. */
    first: z.boolean().optional(),
    patches: z.array(observedPatchSchema),
    modules: z.array(livepatchModuleSchema).optional(),
  }),
  /** klp_enable_patch was called; `patch-load-refused` or a transition follows. */
  kind('patch-loading', { patch: z.string(), replace: z.boolean(), version: z.string().optional() }),
  /** What the kernel's structures hold, told when it differs from the last; `asOfMonoNs`: when they were read. */
  kind('patches-inventoried', { asOfMonoNs: monoNs, patches: z.array(inventoriedPatchSchema) }),
  /** The functions whose ftrace site carries livepatch's handler; null: the kernel's list cannot be read. */
  kind('ftrace-sites-observed', {
    sites: z.array(z.object({ object: z.string(), function: z.string() })).nullable(),
  }),
  kind('patch-load-refused', { patch: z.string(), ...refusalFields }),
  /** Its transition ended: every task runs the new code. */
  kind('patch-enabled', { patch: z.string() }),
  /** `forced`: the patch was in place while a transition was forced; its module is never let go. */
  kind('patch-replaced', { patch: z.string(), by: z.string(), forced: z.boolean().optional() }),
  kind('patch-disabled', { patch: z.string() }),
  /** The livepatch code holds no reference to the patch's module any more (klp_free_patch_finish). */
  kind('patch-released', { patch: z.string() }),

  kind('transition-started', {
    ...transitionFields,
    replace: z.boolean().optional(),
    requester: requesterSchema.optional(),
    /** The transition was already running when the tracer came: `time` is when it was first seen. */
    adopted: z.boolean(),
  }),
  kind('transition-completed', transitionFields),
  kind('transition-cancelled', { ...transitionFields, cause: z.string().optional() }),
  /** `direction` is the new one. */
  kind('transition-reversed', transitionFields),
  kind('transition-forced', transitionFields),
  kind('transition-signalled', { ...transitionFields, round: z.number().int() }),

  kind('task-switched', { ...taskFields, cpu: z.number().int(), way: switchWaySchema, to: patchStateSchema }),
  /** Tasks that were switched without ever being blocked, counted in the kernel by way, total so far. */
  kind('tasks-switched', { counts: z.partialRecord(switchWaySchema, z.number().int()) }),
  kind('task-blocked', {
    ...taskFields,
    reason: blockReasonSchema,
    /** Return value of klp_check_and_switch_task. */
    errno: z.number().int(),
    blame: z.string().optional(),
    kthread: z.boolean(),
    idle: z.boolean(),
    /** Task state letter as in ps(1). */
    state: z.string().optional(),
    cpu: z.number().int(),
    basis: basisSchema.optional(),
  }),
  /** What /proc says of a blocked task; fields it would not tell are absent. */
  kind('task-inspected', {
    tid: z.number().int(),
    stack: z.array(z.string()).optional(),
    /** Whose trampoline makes its stack unreliable. */
    blame: z.string().optional(),
    /** The function a kernel thread runs. */
    runs: z.string().optional(),
    commandLine: z.string().optional(),
    cgroup: z.string().optional(),
    unit: z.string().optional(),
    container: z.string().optional(),
  }),
  /** Tries so far per blocked task, `[tid, tries]`, counted in the kernel; the idle task of CPU n is -(n + 1). */
  kind('task-tries', { tries: z.array(z.tuple([z.number().int(), z.number().int()])) }),
  /** Difference of two snapshots of all tasks. With `complete`, a whole table. */
  kind('tasks-observed', {
    complete: z.boolean(),
    source: z.enum(['iterator', 'procfs']),
    total: z.number().int(),
    /** Tasks not in the target state; null when no transition is known. */
    remaining: z.number().int().nullable(),
    changed: z.array(observedTaskSchema),
    gone: z.array(z.number().int()),
    /** How many entries of the two lists were left out: the stream carries the first of long ones only. */
    omitted: z.object({ changed: z.number().int(), gone: z.number().int() }).optional(),
  }),

  kind('object-patched', { patch: z.string(), object: z.string() }),
  kind('object-unpatched', { patch: z.string(), object: z.string() }),
  kind('module-coming', { object: z.string() }),
  kind('module-going', { object: z.string() }),
  kind('module-refused', { object: z.string(), ...refusalFields }),
  /** Which callbacks a patch has for an object. */
  kind('callbacks-registered', { patch: z.string(), object: z.string(), callbacks: z.array(callbackSchema) }),
  kind('callback-called', {
    patch: z.string(),
    object: z.string(),
    callback: callbackSchema,
    returned: z.number().int().optional(),
    basis: basisSchema.optional(),
  }),
  kind('callback-skipped', {
    patch: z.string(),
    object: z.string(),
    callback: callbackSchema,
    cause: z.string(),
    reason: z.enum(['replaced', 'reversed', 'pre-patch-failed', 'module-going']).optional(),
    basis: basisSchema.optional(),
  }),
  kind('state-registered', { patch: z.string(), id: z.string(), version: z.number().int() }),
  /** Which patched functions' calls are counted from now on; a rate above `budgetPerS` calls ends it for one. */
  kind('function-counting-changed', {
    budgetPerS: z.number().int(),
    functions: z.array(
      z.object({
        object: z.string(),
        function: z.string(),
        status: countingStatusSchema,
        reason: z.string().optional(),
      }),
    ),
  }),
  /**
   * Calls in one second of the monotonic clock, and with zeros the functions called in the last one told. A second
   * comes in two parts when one tracer took over from another in it.
   */
  kind('function-calls', {
    second: z.number().int(),
    calls: z.array(
      z.object({
        object: z.string(),
        function: z.string(),
        entered: z.number().int(),
        redirected: z.number().int(),
        /** Null: a replacement that may have been called had no probe yet. */
        old: z.number().int().nullable(),
      }),
    ),
  }),

  kind('shadow-allocated', { ...shadowFields, sizeBytes: z.number().int() }),
  /** `raced`: another task allocated it while this one was about to (get_or_alloc of one <obj, id> by two tasks). */
  kind('shadow-found', { ...shadowFields, raced: z.boolean().optional() }),
  kind('shadow-duplicate', shadowFields),
  kind('shadow-alloc-failed', { ...shadowFields, sizeBytes: z.number().int() }),
  kind('shadow-freed', shadowFields),
  kind('shadow-freed-all', { id: addressSchema, count: z.number().int() }),
  kind('shadow-free-missed', shadowFields),
  /** Variables that existed before the tracer have all been counted by walking klp_shadow_hash. */
  kind('shadow-adopted', { restarts: z.number().int(), complete: z.boolean() }),
  /**
   * The counts were compared with what a walk of klp_shadow_hash found. `drift`: where they differed, and what they
   * were corrected to.
   */
  kind('shadow-checked', {
    found: z.number().int(),
    drift: z.array(shadowDriftSchema),
    ages: z.array(shadowAgesSchema),
  }),
  kind('shadow-counts', { counts: z.array(shadowCountSchema), notStreamed: z.number().int() }),
])

export type Event = z.infer<typeof eventSchema>
export type EventKind = Event['kind']
export const eventKinds: readonly EventKind[] = eventSchema.options.map((option) => option.shape.kind.value)
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>

type Draft<E> = E extends Event ? Omit<E, 'seq' | 'time'> : never
/** An event as decoding yields it: the journal adds its number, wall-clock time and transition. */
export type EventDraft = Draft<Event>
