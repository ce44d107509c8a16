import * as z from 'zod'
import { countSchema, monoNsSchema, nameSchema, offsetNsSchema, rawTextSchema, textSchema } from './bounds.ts'
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
import { lossPlaceSchema } from './loss-place.ts'
import { addressSchema, shadowAgesSchema, shadowCountSchema, shadowDriftSchema } from './shadow.ts'
import { userFieldSchema, userFieldsMost } from './user-probe.ts'

/**
 * Events: what happened, in the past tense, numbered, and the only truth. Every state is a fold over them.
 *
 * Times: `time` is RFC 3339 with nanoseconds (wall clock), `monoNs` the same moment on CLOCK_MONOTONIC as a
 * decimal string of nanoseconds (a double could not hold it). Addresses are `0x…` strings.
 */

const monoNs = monoNsSchema

const base = z.object({
  /** Position in the record; strictly increasing over the life of a database. */
  seq: z.number().int().nonnegative(),
  time: z.string(),
  monoNs,
  /** Livepatch module name, as under /sys/kernel/livepatch. */
  patch: nameSchema.optional(),
  /** Patched object: a module name or `vmlinux`. */
  object: nameSchema.optional(),
  function: nameSchema.optional(),
  /** Transition id; stable across restarts of the daemon. */
  transition: nameSchema.optional(),
  tid: z.number().int().optional(),
  pid: z.number().int().optional(),
  comm: nameSchema.optional(),
})

const transitionFields = { patch: nameSchema, direction: directionSchema, basis: basisSchema.optional() }
const taskFields = { tid: z.number().int(), pid: z.number().int(), comm: nameSchema }
const shadowFields = { obj: addressSchema, id: addressSchema }

const kind = <K extends string, S extends z.ZodRawShape>(name: K, shape: S) =>
  base.extend({ kind: z.literal(name), ...shape })

export const eventSchema = z.discriminatedUnion('kind', [
  // The tracer itself. Gaps and losses are data: each is on the timeline.
  kind('tracer-started', {
    hostname: nameSchema,
    kernel: nameSchema,
    bootId: nameSchema,
    cpus: countSchema,
    version: nameSchema,
    stalledAfterMs: z.number().nonnegative(),
  }),
  /** Every probe is attached (or reported missing); from here on nothing is missed silently. */
  kind('tracer-attached', { probeSets: z.array(probeSetSchema) }),
  kind('tracer-stopped', { reason: textSchema }),
  /**
   * Nothing was observed by `source` between the two moments. `fromTime`: the first on the wall clock as it was then,
   * where it may have been set since, or another boot's monotonic clock counted.
   */
  kind('tracer-gap', {
    source: nameSchema,
    fromMonoNs: monoNs,
    fromTime: z.string().optional(),
    toMonoNs: monoNs,
    reason: textSchema,
  }),
  /**
   * `tracer` (`bpftrace` in earlier records): dropped between kernel and daemon. `record`: seen, but not written.
   * `place`: where in the daemon; absent when the source itself tells of it. What an earlier run lost is told of
   * by the next (`killed`). `reason`: why, where the source knows.
   */
  kind('events-lost', {
    source: nameSchema,
    count: countSchema,
    place: lossPlaceSchema.optional(),
    reason: textSchema.optional(),
  }),
  /** CPU time that the daemon and its tracers used in a window of time. */
  kind('overhead-measured', {
    windowMs: z.number().positive(),
    daemonMs: z.number().nonnegative(),
    tracersMs: z.number().nonnegative(),
  }),
  /** From here on the record cannot be written; events wait, within a bound. */
  kind('record-failed', { reason: textSchema, remedy: textSchema }),
  /** It can be written again; `lost` events are not in it, and never will be. */
  kind('record-resumed', { lost: countSchema }),
  /** The record was damaged: a new one was begun, and the old one is kept under another name. */
  kind('record-renewed', { reason: textSchema, setAside: textSchema.nullable() }),
  kind('decode-failed', { source: nameSchema, error: rawTextSchema, raw: rawTextSchema }),
  /**
   * Wall clock minus monotonic clock, when it is another than before by 10 ms. `drifted`: little by little; `set`: in
   * one go; `suspended`: the monotonic clock stood still while the host slept.
   */
  kind('clock-mapped', {
    offsetNs: offsetNsSchema,
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
  kind('patch-loading', { patch: nameSchema, replace: z.boolean(), version: nameSchema.optional() }),
  /** What the kernel's structures hold, told when it differs from the last; `asOfMonoNs`: when they were read. */
  kind('patches-inventoried', { asOfMonoNs: monoNs, patches: z.array(inventoriedPatchSchema) }),
  /** The functions whose ftrace site carries livepatch's handler; null: the kernel's list cannot be read. */
  kind('ftrace-sites-observed', {
    sites: z.array(z.object({ object: nameSchema, function: nameSchema })).nullable(),
  }),
  kind('patch-load-refused', { patch: nameSchema, ...refusalFields }),
  /** Its transition ended: every task runs the new code. */
  kind('patch-enabled', { patch: nameSchema }),
  /** `forced`: the patch was in place while a transition was forced; its module is never let go. */
  kind('patch-replaced', { patch: nameSchema, by: nameSchema, forced: z.boolean().optional() }),
  kind('patch-disabled', { patch: nameSchema }),
  /** The livepatch code holds no reference to the patch's module any more (klp_free_patch_finish). */
  kind('patch-released', { patch: nameSchema }),

  kind('transition-started', {
    ...transitionFields,
    replace: z.boolean().optional(),
    requester: requesterSchema.optional(),
    /** The transition was already running when the tracer came: `time` is when it was first seen. */
    adopted: z.boolean(),
  }),
  kind('transition-completed', transitionFields),
  kind('transition-cancelled', { ...transitionFields, cause: textSchema.optional() }),
  /** `direction` is the new one. */
  kind('transition-reversed', transitionFields),
  kind('transition-forced', transitionFields),
  /** The first try to switch all tasks ended, and some remain. */
  kind('transition-tried', { ...transitionFields, beganMonoNs: monoNs }),
  /** Every task has switched; the kernel begins to clean up (klp_complete_transition). */
  kind('transition-finishing', { ...transitionFields, tryBeganMonoNs: monoNs, lastSwitchedMonoNs: monoNs }),
  kind('transition-signalled', { ...transitionFields, round: countSchema }),

  kind('task-switched', { ...taskFields, cpu: z.number().int(), way: switchWaySchema, to: patchStateSchema }),
  /** Tasks that were switched without ever being blocked, counted in the kernel by way, total so far. */
  kind('tasks-switched', { counts: z.partialRecord(switchWaySchema, countSchema) }),
  kind('task-blocked', {
    ...taskFields,
    reason: blockReasonSchema,
    /** Return value of klp_check_and_switch_task. */
    errno: z.number().int(),
    blame: nameSchema.optional(),
    kthread: z.boolean(),
    idle: z.boolean(),
    /** Task state letter as in ps(1). */
    state: nameSchema.optional(),
    /** Null: not known, as where only the kernel log names the task. */
    cpu: z.number().int().nullable(),
    basis: basisSchema.optional(),
  }),
  /** What /proc says of a blocked task; fields it would not tell are absent. */
  kind('task-inspected', {
    tid: z.number().int(),
    stack: z.array(textSchema).optional(),
    /** Whose trampoline makes its stack unreliable. */
    blame: nameSchema.optional(),
    /** The function a kernel thread runs. */
    runs: nameSchema.optional(),
    commandLine: textSchema.optional(),
    cgroup: textSchema.optional(),
    /** The host's systemd unit. */
    unit: textSchema.optional(),
    /** The unit of the manager of a user, when `unit` is that (user@UID.service). */
    userUnit: textSchema.optional(),
    /** The innermost container: its id, or its name. */
    container: textSchema.optional(),
    /** UID of its Kubernetes pod. */
    pod: textSchema.optional(),
  }),
  /** Tries so far per blocked task, `[tid, tries]`, counted in the kernel; the idle task of CPU n is -(n + 1). */
  kind('task-tries', { tries: z.array(z.tuple([z.number().int(), countSchema])) }),
  /** Difference of two snapshots of all tasks. With `complete`, a whole table. */
  kind('tasks-observed', {
    complete: z.boolean(),
    source: z.enum(['iterator', 'procfs']),
    total: countSchema,
    /** Tasks not in the target state; null when no transition is known. */
    remaining: countSchema.nullable(),
    changed: z.array(observedTaskSchema),
    gone: z.array(z.number().int()),
    /** When the patch states of idle tasks were read, which a snapshot cannot show; absent: not read, or not known. */
    idleAsOfMonoNs: monoNs.optional(),
    /** How many entries of the two lists were left out: the stream carries the first of long ones only. */
    omitted: z.object({ changed: countSchema, gone: countSchema }).optional(),
  }),

  kind('object-patched', { patch: nameSchema, object: nameSchema }),
  kind('object-unpatched', { patch: nameSchema, object: nameSchema }),
  kind('module-coming', { object: nameSchema }),
  kind('module-going', { object: nameSchema }),
  kind('module-refused', { object: nameSchema, ...refusalFields }),
  /** Which callbacks a patch has for an object. */
  kind('callbacks-registered', { patch: nameSchema, object: nameSchema, callbacks: z.array(callbackSchema) }),
  /** It runs; `callback-called` follows when it has returned. `pid`, `comm`: who loads or disables the patch. */
  kind('callback-entered', {
    patch: nameSchema,
    object: nameSchema,
    callback: callbackSchema,
    basis: basisSchema.optional(),
  }),
  kind('callback-called', {
    patch: nameSchema,
    object: nameSchema,
    callback: callbackSchema,
    returned: z.number().int().optional(),
    basis: basisSchema.optional(),
  }),
  kind('callback-skipped', {
    patch: nameSchema,
    object: nameSchema,
    callback: callbackSchema,
    cause: textSchema,
    reason: z.enum(['replaced', 'reversed', 'pre-patch-failed', 'module-going']).optional(),
    basis: basisSchema.optional(),
  }),
  kind('state-registered', { patch: nameSchema, id: nameSchema, version: z.number().int() }),
  /** Which patched functions' calls are counted from now on; a rate above `budgetPerS` calls ends it for one. */
  kind('function-counting-changed', {
    budgetPerS: countSchema,
    functions: z.array(
      z.object({
        object: nameSchema,
        function: nameSchema,
        /** Which of several functions of that name in the object; absent: the first or only one. */
        sympos: countSchema.optional(),
        status: countingStatusSchema,
        reason: textSchema.optional(),
      }),
    ),
  }),
  /**
   * Calls in one second of the monotonic clock, and with zeros the functions called in the last one told. A second
   * comes in two parts when one tracer took over from another in it.
   */
  kind('function-calls', {
    second: countSchema,
    calls: z.array(
      z.object({
        object: nameSchema,
        function: nameSchema,
        sympos: countSchema.optional(),
        entered: countSchema,
        redirected: countSchema,
        /** Null: a replacement that may have been called had no probe yet. */
        old: countSchema.nullable(),
      }),
    ),
  }),

  kind('shadow-allocated', { ...shadowFields, sizeBytes: countSchema }),
  /** `raced`: another task allocated it while this one was about to (get_or_alloc of one <obj, id> by two tasks). */
  kind('shadow-found', { ...shadowFields, raced: z.boolean().optional() }),
  kind('shadow-duplicate', shadowFields),
  kind('shadow-alloc-failed', { ...shadowFields, sizeBytes: countSchema }),
  kind('shadow-freed', shadowFields),
  kind('shadow-freed-all', { id: addressSchema, count: countSchema }),
  kind('shadow-free-missed', shadowFields),
  /** Variables that existed before the tracer have all been counted by walking klp_shadow_hash. */
  kind('shadow-adopted', { restarts: countSchema, complete: z.boolean() }),
  /**
   * The counts were compared with what a walk of klp_shadow_hash found. `drift`: where they differed, and what they
   * were corrected to.
   */
  kind('shadow-checked', {
    found: countSchema,
    drift: z.array(shadowDriftSchema),
    ages: z.array(shadowAgesSchema),
  }),
  kind('shadow-counts', { counts: z.array(shadowCountSchema), notStreamed: countSchema }),

  /**
   * What a user's own bpftrace script (`--probe`) printed; its time is when that was read. It says nothing to anything
   * else. `fields`: the lines of one printf, the values of a tuple, or a map's values by their keys.
   */
  kind('custom', {
    /** The script's name. */
    probe: nameSchema,
    what: z.enum(['line', 'tuple', 'map']),
    /** Of a map its name, as in `@calls`. */
    map: nameSchema.optional(),
    fields: z.array(userFieldSchema).max(userFieldsMost),
    /** So many fields more were not told. */
    omitted: countSchema.optional(),
  }),
])

export type Event = z.infer<typeof eventSchema>
export type EventKind = Event['kind']
export const eventKinds: readonly EventKind[] = eventSchema.options.map((option) => option.shape.kind.value)
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>

type Draft<E> = E extends Event ? Omit<E, 'seq' | 'time'> : never
/** An event as decoding yields it: the journal adds its number, wall-clock time and transition. */
export type EventDraft = Draft<Event>
