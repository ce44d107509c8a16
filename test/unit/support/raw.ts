import type { RawPatch, RawRecord } from '../../../daemon/probes/raw-record.ts'

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
