import type { EventDraft } from '../../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import type { Step } from '../../../daemon/engine.ts'
import { aTask, type Happening, started, tasksObserved } from './fold.ts'

const long = (start: string, length: number): string => start.padEnd(length, '_of_a_name_without_any_space')

/** Names as long as real kernels, vendors and hosts have them; the kernel allows 55 letters for a module, 511 for a symbol. */
export const longNames = {
  patch: 'livepatch_6_12_0_cumulative_security_update_2026_11_26a',
  object: long('vendor_storage_driver', 55),
  function: long('nf_tables_newrule', 135),
  other: long('tcp_v6_syn_recv_sock', 135),
  // A work queue's name is part of what /proc shows of its worker.
  comm: long('kworker/u256:12+flush-', 63),
  hostname: long('database-replica', 63).replaceAll('_', '-'),
  unit: `${long('postgresql@16', 120)}.service`,
  commandLine: `/usr/lib/postgresql/16/bin/${long('postgres', 200)} --config-file=${long('/etc/', 300)}`,
  version: long('2026.11.26', 60),
}

/** A stalled transition on such a host, with a callback, shadow variables, a refusal and a gap; it ends or lasts. */
export const longNamesSteps = (ends: boolean): Step[] => {
  const { patch, object, function: name, other, comm, hostname, unit, commandLine, version } = longNames
  const steps: Step[] = []
  let state: CoreState = { ...initialState, clockOffsetNs: '1800000000000000000' }
  const at = (seconds: number, happening: Happening): void => {
    const event = numberEvent(state, { ...happening, monoNs: `${seconds}000000000` } as EventDraft)
    const [next, effects] = reduce(state, event)
    state = next
    steps.push({ event, state, effects })
  }
  const inventoried = (what: string) => ({
    name: what,
    enabled: true,
    inTransition: what === patch,
    replace: true,
    stackOrder: what === patch ? 2 : 1,
    version,
    srcversion: 'A1B2C3D4E5F6A1B2C3D4E5F',
    refcount: 1,
    objects: [
      { name: 'vmlinux', patched: true, functions: [name, other] },
      { name: object, patched: true, functions: [long('vendor_queue_rq', 135)] },
    ],
  })
  at(1, { ...started(), hostname, kernel: long('6.12.0-1021-vendor', 64) })
  at(2, {
    kind: 'tracer-gap',
    source: 'tracer',
    fromMonoNs: '1000000000',
    toMonoNs: '2000000000',
    reason: other,
  })
  at(2, {
    kind: 'tracer-attached',
    probeSets: [
      { name: 'transition', available: true },
      { name: 'tasks', available: true },
      {
        name: 'shadow',
        available: false,
        reason: `cannot resolve ${other}`,
        remedy: `Look at /sys/kernel/tracing/available_filter_functions for ${other}.`,
      },
    ],
  })
  at(3, { kind: 'patches-observed', patches: [inventoried(patch), inventoried(`${patch.slice(0, -1)}b`)] })
  at(4, {
    kind: 'transition-started',
    patch,
    direction: 'patching',
    adopted: false,
    requester: { pid: 4194303, comm, parentPid: 4194302, parentComm: comm, commandLine },
  })
  at(4, { kind: 'callback-called', patch, object, callback: 'pre_patch', returned: 0 })
  at(4, {
    kind: 'callback-skipped',
    patch,
    object,
    callback: 'pre_unpatch',
    reason: 'replaced',
    cause: `${patch} replaces ${patch.slice(0, -1)}b: ${other} is not called`,
  })
  at(5, { kind: 'transition-tried', patch, direction: 'patching', beganMonoNs: '4000000000' })
  for (let tid = 4194200; tid < 4194204; tid++) {
    at(5, {
      kind: 'task-blocked',
      tid,
      pid: tid - 1,
      comm,
      errno: 98,
      reason: 'sleeping-on-function',
      function: name,
      kthread: false,
      idle: false,
      cpu: 0,
    })
    at(6, {
      kind: 'task-inspected',
      tid,
      stack: [`${other}+0x1a/0x2b [${object}]`, `${name}+0x1a/0x2b [${patch}]`, 'do_syscall_64+0x5b/0x80'],
      commandLine,
      unit,
      cgroup: `/system.slice/${unit}/${unit}`,
      container: 'f'.repeat(64),
    })
  }
  at(7, {
    kind: 'patch-load-refused',
    patch: `${patch}2`.slice(0, 55),
    reason: 'symbol-missing',
    cause: `${other}: ${name}`,
  })
  at(
    20,
    tasksObserved(
      [4194200, 4194201, 4194202, 4194203].map((tid) => aTask(tid, 0, comm)),
      4,
    ),
  )
  if (!ends) return steps
  for (let tid = 4194200; tid < 4194204; tid++)
    at(22, { kind: 'task-switched', tid, pid: tid - 1, comm, cpu: 0, way: 'kernel-exit', to: 1 })
  at(23, { kind: 'transition-completed', patch, direction: 'patching' })
  return steps
}
