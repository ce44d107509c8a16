import { probePurposes } from '../contract/probe-purposes.ts'
import type { ProbeSet } from './probe-set.ts'
import { shadowRecords } from './shadow-records.ts'

/** Shadow variables. Source: kernel/livepatch/shadow.c. */
export const shadow: ProbeSet = {
  stem: 'shadow',
  purpose: probePurposes.shadow,
  decoders: shadowRecords,
}
