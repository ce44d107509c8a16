import type { TransitionReport } from '../contract/report.ts'
import { moment } from './report-words.ts'

export type BundleFile = { name: string; what: string; sizeBytes: number; sha256: string }
export type MissingFile = { name: string; what: string; missing: string }

/** What is in a bundle, what is not and why: the first file a vendor opens. */
export const bundleReadme = (
  report: TransitionReport,
  files: readonly BundleFile[],
  missing: readonly MissingFile[],
  {
    redacted,
    eventsFrom,
    eventsTo,
    madeAt,
  }: { redacted: boolean; eventsFrom: string; eventsTo: string; madeAt: string },
): string => `klpscope evidence bundle
========================

${report.summary.join('\n')}

Transition ${report.transition.id} of ${report.transition.patch}, ${report.transition.direction}, ${report.transition.outcome}.
Host ${report.host?.hostname ?? 'unknown'}, Linux ${report.host?.kernel ?? 'unknown'}, boot ${report.host?.bootId ?? 'unknown'}.
Made by klpscope ${report.generator} at ${moment(madeAt)}. All times are UTC.

Start with report.html (any browser, nothing is loaded from elsewhere). events.ndjson holds every recorded event from
${moment(eventsFrom)} to ${moment(eventsTo)}, one JSON object per line; klpscope replay events.ndjson
shows it on the dashboard. state.json is the complete state at the end of the transition.
${redacted ? redactionNote : ''}
In this bundle
--------------
${files.map(({ name, what, sizeBytes, sha256 }) => `${name}\n    ${what}; ${sizeBytes} bytes, sha256 ${sha256}`).join('\n')}

Not in this bundle
------------------
${missing.length === 0 ? 'Nothing is missing.' : missing.map(({ name, what, missing: why }) => `${name} (${what})\n    ${why}`).join('\n')}

What the record itself could not see
------------------------------------
${report.blindSpots.length === 0 ? 'Nothing is known to be missing.' : report.blindSpots.map((spot) => `- ${spot}`).join('\n')}
`

const redactionNote = `
Redacted: command lines of tasks and the kernel's own are removed, host names replaced by host-1, host-2 and so on, in
every file. Names of tasks, units, containers, modules and functions, addresses and boot ids are not.
`
