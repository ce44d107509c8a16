import { account } from './account.ts'
import { attaching } from './attaching.ts'
import type { Bench } from './bench.ts'
import { calls } from './calls.ts'
import { costPerCall } from './cost-per-call.ts'
import { crowd } from './crowd.ts'
import { decoding } from './decoding.ts'
import { nonInterference } from './non-interference.ts'
import { record } from './record.ts'
import { stall } from './stall.ts'
import { straggler } from './straggler.ts'

/** Every bench, in the order they run. To add one: a file with one exported bench, and its name here. */
export const benches: readonly Bench[] = [
  decoding,
  crowd,
  record,
  account,
  nonInterference,
  straggler,
  stall,
  costPerCall,
  calls,
  attaching,
]
