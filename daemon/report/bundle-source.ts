import { readFileSync } from 'node:fs'
import type { TransitionReport } from '../contract/report.ts'
import type { State } from '../contract/state.ts'
import type { ExportRange } from './event-pages.ts'

/** Where a bundle's record comes from: a file, or the running daemon. */
export type BundleSource = {
  report: () => Promise<TransitionReport>
  /** NDJSON in pieces. */
  events: (range: Required<ExportRange>) => AsyncIterable<string | Uint8Array>
  stateAt: (time: string) => Promise<State>
}

/** The boot this machine is in now; null where it does not tell. */
export const bootIdOfThisHost = (): string | null => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}
