import type { ProbeSetName } from '../contract/probe-purposes.ts'
import { shadowCountedWith } from '../contract/shadow-probes.ts'
import type { RawProbeSet } from './raw-record.ts'

/** Functions of the kernel without whose probes another source has to tell what a set is relied on for. */
const essential: Partial<Record<ProbeSetName, readonly string[]>> = {
  transition: ['klp_start_transition', 'klp_complete_transition'],
  tasks: ['klp_check_and_switch_task'],
  lifecycle: ['klp_enable_patch', 'initcall_finish'],
  shadow: shadowCountedWith,
}

/** Whether a probe set is attached, with all that it has on these functions. */
export const isAttached = (
  sets: readonly RawProbeSet[],
  name: ProbeSetName,
  functions: readonly string[],
): boolean =>
  sets.some(
    (set) => set.name === name && set.available && !set.lost?.some((lost) => functions.includes(lost.name)),
  )

/** The same with what is essential of it. */
export const seesWith = (sets: readonly RawProbeSet[], name: ProbeSetName): boolean =>
  isAttached(sets, name, essential[name] ?? [])
