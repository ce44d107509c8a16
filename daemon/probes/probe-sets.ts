import { inventory } from './inventory.ts'
import { lifecycle } from './lifecycle.ts'
import type { ProbeSet } from './probe-set.ts'
import { shadow } from './shadow.ts'
import { tasks } from './tasks.ts'
import { transition } from './transition.ts'

/** Every probe set of the main tracer, in the order they are put together into one script. */
export const probeSets: readonly ProbeSet[] = [transition, tasks, lifecycle, inventory, shadow]
