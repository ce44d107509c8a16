import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import type { RecordName, RecordOf, TracerRecord } from '../../../daemon/raw/records.ts'

/** A record of the tracer as its source passes it on. */
export const probe = <Name extends RecordName>(
  name: Name,
  fields: Omit<RecordOf<Name>, 'record' | 'cpu'>,
): RawRecord => ({
  monoNs: String(fields.monoNs),
  source: 'probe',
  record: { record: name, cpu: 0, ...fields } as unknown as TracerRecord,
})

export const taskId = (tid: number, comm = `task-${tid}`): RecordOf<'task'>['task'] => ({
  tid,
  pid: tid,
  startBootNs: 5000n,
  cpu: 1,
  flags: 0x400100,
  comm,
})

export const started = (monoNs: bigint, target: 0 | 1 = 1): RawRecord =>
  probe('transition-started', { monoNs, target, replace: false, patch: 'p' })
