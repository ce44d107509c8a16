/**
 * The numbers of bpf/records.h that records carry; test/unit/bpf/object.test.ts compares them with the tracer's. Names
 * are those of C without the enum's own word in front.
 */

export const switchWay = {
  UNKNOWN: 0,
  TRANSITION_WORKER: 1,
  SCHEDULE: 2,
  KERNEL_EXIT: 3,
  IDLE_LOOP: 4,
  FORCED: 5,
  FORKED: 6,
} as const

export const objectMoment = {
  BEFORE_UNPATCH: 0,
  BEFORE_PATCH: 1,
  REPLACED: 2,
  BEFORE_SETTLING: 3,
  NONE: 4,
  MODULE_GOES: 5,
} as const

export const objectFact = {
  PRE_PATCH: 1,
  POST_PATCH: 2,
  PRE_UNPATCH: 4,
  POST_UNPATCH: 8,
  POST_UNPATCH_ENABLED: 16,
  PATCHED: 32,
  DYNAMIC: 64,
  LOADED: 128,
  FORCED: 256,
} as const

/** Enums as the tracer lays them out: by C's name, with C's prefix of their values. */
export const enums = {
  switch_way: { prefix: 'WAY_', values: switchWay },
  object_moment: { prefix: 'MOMENT_', values: objectMoment },
  object_facts: { prefix: 'FACT_', values: objectFact },
} as const

/** Numbers of enum record_kind that a record carries. */
export const recordKind = {
  'transition-asked': 1,
  'transition-started': 2,
  task: 14,
  'task-waited-for': 15,
} as const

/** PF_KTHREAD of task_struct.flags, include/linux/sched.h. */
export const kthreadFlag = 0x00200000
