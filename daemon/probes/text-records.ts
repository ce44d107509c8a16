import type { EventDraft } from '../contract/event.ts'
import type { TracerText } from '../raw/text.ts'
import { observeSites } from './ftrace-sites.ts'
import { decodeKernelLog } from './log-records.ts'
import type { DecodeContext } from './probe-set.ts'

/** Lines that the kernel writes as text, as the tracer passes them on. */
export const decodeText = (context: DecodeContext, text: TracerText): EventDraft[] => {
  const monoNs = String(text.monoNs)
  switch (text.source) {
    case 'kernel-log':
      return decodeLogText(context, text, monoNs)
    case 'enabled-functions':
      context.sites.push(text.text)
      return []
    case 'enabled-functions-end': {
      const lines = context.sites
      context.sites = []
      return observeSites(text.unreadable || text.incomplete ? null : lines, monoNs)
    }
  }
}

const decodeLogText = (
  context: DecodeContext,
  { text: line, lost, unreadable, earlier }: TracerText,
  monoNs: string,
): EventDraft[] => {
  if (unreadable)
    return [
      {
        kind: 'tracer-gap',
        monoNs,
        source: 'kernel-log',
        fromMonoNs: monoNs,
        toMonoNs: monoNs,
        reason: 'the kernel log cannot be read',
      },
    ]
  return decodeKernelLog(context, { monoNs, ...(lost > 0 ? { lost } : { line, earlier }) })
}
