import * as z from 'zod'
import { countSchema, monoNsSchema, nameSchema, textSchema } from './bounds.ts'

/** What events are made of, and what states and reports have in common with them. */

export const directionSchema = z.enum(['patching', 'unpatching'])
export type Direction = z.infer<typeof directionSchema>

/** -1: no transition concerns the task, 0: unpatched, 1: patched (include/linux/livepatch.h, klp_state values). */
export const patchStateSchema = z.union([z.literal(-1), z.literal(0), z.literal(1)])
export type PatchState = z.infer<typeof patchStateSchema>

export const blockReasonSchema = z.enum(['running', 'unreliable-stack', 'sleeping-on-function', 'unknown'])
export type BlockReason = z.infer<typeof blockReasonSchema>

/** How a task got to the target state. `snapshot`: seen switched, but the moment and the way were not seen. */
export const switchWaySchema = z.enum([
  'transition-worker',
  'kernel-exit',
  'schedule',
  'idle-loop',
  'forced',
  'forked',
  'snapshot',
])
export type SwitchWay = z.infer<typeof switchWaySchema>

/** Who asked for a transition: the process that wrote to sysfs or loaded the module. */
export const requesterSchema = z.object({
  pid: z.number().int(),
  comm: nameSchema,
  parentPid: z.number().int().optional(),
  parentComm: nameSchema.optional(),
  /** Absent when the process was gone before its command line could be read. */
  commandLine: textSchema.optional(),
})
export type Requester = z.infer<typeof requesterSchema>

export const probeSetSchema = z.object({
  name: nameSchema,
  available: z.boolean(),
  /** Why it is not available, and what to do. */
  reason: textSchema.optional(),
  remedy: textSchema.optional(),
  /** What an available set does without: a kernel function or symbol, and what is not seen therefore. */
  lost: z
    .array(z.object({ name: nameSchema, loss: textSchema, reason: textSchema, remedy: textSchema }))
    .optional(),
})
export type ProbeSet = z.infer<typeof probeSetSchema>

export const observedPatchSchema = z.object({
  name: nameSchema,
  enabled: z.boolean(),
  inTransition: z.boolean(),
  /** Absent where the kernel does not say (sysfs `replace` exists since 6.12). */
  replace: z.boolean().optional(),
  /** Position on the stack of patches from sysfs `stack_order` (6.14+), 1 is the oldest. */
  stackOrder: countSchema.optional(),
  version: nameSchema.optional(),
  srcversion: nameSchema.optional(),
  /** Declared by a module parameter klpscope_sticky: not to be disabled once it is in effect. */
  sticky: z.boolean().optional(),
  /** Module reference count, -1 while it is being unloaded; absent when the module is no longer loaded. */
  refcount: z.number().int().optional(),
  objects: z.array(
    z.object({
      name: nameSchema,
      patched: z.boolean().optional(),
      /** By name; `name,2` is the second of that name in the object (see functionLabel). */
      functions: z.array(nameSchema),
    }),
  ),
})
export type ObservedPatch = z.infer<typeof observedPatchSchema>

/** A module marked as a livepatch; the reference count is that of /sys/module/<name>/refcnt. */
export const livepatchModuleSchema = z.object({
  name: nameSchema,
  version: nameSchema.optional(),
  srcversion: nameSchema.optional(),
  sticky: z.boolean().optional(),
  refcount: z.number().int().optional(),
})
export type LivepatchModule = z.infer<typeof livepatchModuleSchema>

/** A task as a snapshot shows it. */
export const observedTaskSchema = z.object({
  tid: z.number().int(),
  pid: z.number().int(),
  /** Start of the task since boot, so that a reused tid is a different task. */
  startNs: monoNsSchema,
  patchState: patchStateSchema,
  comm: nameSchema,
  kthread: z.boolean(),
  /** Per-CPU idle task (swapper/N): takes part in transitions and is in no /proc listing. */
  idle: z.boolean().optional(),
  cpu: z.number().int().optional(),
  /** Of an idle task: when it was first read to be in this patch state. */
  asOfMonoNs: monoNsSchema.optional(),
})
export type ObservedTask = z.infer<typeof observedTaskSchema>

/** Why the kernel refused a livepatch, or a module because of one. `unknown`: only the error number is known. */
export const refusalReasonSchema = z.enum([
  'state-incompatible',
  'pre-patch-failed',
  'symbol-missing',
  'symbol-ambiguous',
  'relocation-failed',
  'ftrace-conflict',
  'transition-running',
  'not-a-livepatch',
  'name-in-use',
  'out-of-memory',
  'module-loader',
  'unknown',
])
export type RefusalReason = z.infer<typeof refusalReasonSchema>

/** `inferred`: the kernel's order of steps leaves no other possibility; `kernel-log`: only the log tells. */
export const basisSchema = z.enum(['observed', 'inferred', 'kernel-log'])
export type Basis = z.infer<typeof basisSchema>

/** A refusal in plain words. */
export const refusalFields = {
  /** Positive error number, as from insmod; absent when only the kernel log tells of the refusal. */
  errno: z.number().int().optional(),
  cause: textSchema,
  reason: refusalReasonSchema.optional(),
  /** What to do about it. */
  remedy: textSchema.optional(),
  basis: basisSchema.optional(),
}

/** Whether a function's calls are counted; `off`: it is called too often. */
export const countingStatusSchema = z.enum(['starting', 'on', 'off', 'unavailable'])
export type CountingStatus = z.infer<typeof countingStatusSchema>
