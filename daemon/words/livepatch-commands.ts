import { shellQuote } from './shell-quote.ts'

const livepatchDir = '/sys/kernel/livepatch'

/** The shell command that enables or disables a patch, or reverses its transition (Documentation/livepatch/livepatch.rst). */
export const writeEnabled = (patch: string, enabled: boolean): string =>
  `echo ${enabled ? 1 : 0} > ${shellQuote(`${livepatchDir}/${patch}/enabled`)}`

/** The shell command that forces a patch's transition to its end. */
export const writeForce = (patch: string): string =>
  `echo 1 > ${shellQuote(`${livepatchDir}/${patch}/force`)}`
