import type { RawPatch, RawRecord } from '../../../daemon/probes/raw-record.ts'

/** A line as `bpftrace -f json` prints a tuple. */
export const tupleLine = (...data: unknown[]): string => JSON.stringify({ type: 'value', data })
export const mapLine = (name: string, contents: unknown): string =>
  JSON.stringify({ type: 'map', data: { [name]: contents } })

export const bpftrace = (line: string, monoNs = '1'): RawRecord => ({ monoNs, source: 'bpftrace', line })

/** The line that tells who asks for a transition: by default insmod (pid 10, tid 11), a child of bash (9). */
export const askedLine = (pid: unknown = 10): string =>
  tupleLine('transition.ask', pid, 11, 'insmod', 9, 'bash')
/** How the probes tell that a transition starts. */
export const startRecords = (ns: number, patch: string, target: 0 | 1): RawRecord[] => [
  bpftrace(askedLine()),
  bpftrace(tupleLine('transition.start', 1, ns, patch, target, 1)),
]

export const iteratorRecord = (
  fields: { tid?: number; patchState?: number; flags?: string; comm?: string } = {},
): string => {
  const { tid = 7, patchState = -1, flags = '400100', comm = 'bash' } = fields
  return `${tid} ${tid} 5000 ${patchState} ${flags} 1 ${comm}\tklpscope-end-of-task\n`
}

export const sysfsPatch = (name: string, enabled: 0 | 1, transition: 0 | 1): RawPatch => ({
  name,
  files: { enabled: String(enabled), transition: String(transition) },
  objects: [{ name: 'vmlinux', patched: '1', functions: ['f'] }],
})
export const sysfs = (monoNs: string, ...patches: RawPatch[]): RawRecord => ({
  monoNs,
  source: 'sysfs',
  patches,
})

export const attachedRecord: RawRecord = {
  monoNs: '1',
  source: 'tracer',
  what: 'attached',
  probeSets: ['transition', 'tasks', 'shadow'].map((name) => ({ name, available: true })),
}
