import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { recordKind } from '../../../daemon/raw/enums.ts'
import type { Fields, FieldType } from '../../../daemon/raw/fields.ts'
import {
  type RecordName,
  type RecordOf,
  recordFields,
  type TracerRecord,
} from '../../../daemon/raw/records.ts'

/** Some fields, also of the structs in a struct. */
type Some<T> = { [Name in keyof T]?: T[Name] extends { comm: string } ? Partial<T[Name]> : T[Name] }
type Given<Name extends RecordName> = Some<Omit<RecordOf<Name>, 'record'>>

/** An ordinary thread of its own process. */
export const taskId = (tid: number, comm = `task-${tid}`): RecordOf<'task'>['task'] => ({
  tid,
  pid: tid,
  startBootNs: 5000n,
  cpu: 1,
  flags: 0x400100,
  comm,
})

const empty: Record<FieldType, unknown> = { int: 0, flag: false, wide: 0n, text: '', wides: [] }

const filled = (fields: Fields, given: Record<string, unknown>): Record<string, unknown> => {
  const values = { ...given }
  for (const [name, type] of Object.entries(fields))
    values[name] =
      typeof type === 'string' ? (given[name] ?? empty[type]) : { ...taskId(7), ...(given[name] as object) }
  return values
}

/** A record of the tracer: what is not given is 0, false, empty, or task 7. */
export const recordOf = <Name extends RecordName>(name: Name, fields: Given<Name> = {}): TracerRecord =>
  ({ record: name, cpu: 0, monoNs: 1n, ...filled(recordFields[name], fields) }) as unknown as TracerRecord

/** The same as its source passes it on. */
export const probe = <Name extends RecordName>(name: Name, fields: Given<Name> = {}): RawRecord => {
  const record = recordOf(name, fields)
  return { monoNs: String(record.monoNs), source: 'probe', record }
}

export const started = (monoNs: bigint, target: 0 | 1 = 1): RawRecord =>
  probe('transition-started', { monoNs, target, replace: false, patch: 'p' })

/** insmod (pid 10, tid 11), a child of bash (9), asks for a transition. */
export const asked = probe('transition-asked', {
  by: { pid: 10, tid: 11, comm: 'insmod' },
  parent: { pid: 9, tid: 9, comm: 'bash' },
})

/** How the probes tell that a transition starts. */
export const startRecords = (monoNs: bigint, patch: string, target: 0 | 1): [RawRecord, RawRecord] => [
  asked,
  probe('transition-started', { monoNs, patch, target, replace: true }),
]

/** A list of all tasks, as of its first row. */
export const taskList = (
  monoNs: bigint,
  tasks: { tid?: number; patchState?: number; comm?: string }[],
): RawRecord[] => [
  ...tasks.map(({ tid = 7, patchState = -1, comm = 'bash' }) =>
    probe('task', { monoNs, task: { ...taskId(tid), comm }, patchState }),
  ),
  probe('tasks-end', { monoNs, list: recordKind.task, rows: tasks.length, complete: true }),
]

/** The tracer's account in which so many records are lost. */
export const lostRecords = (unreserved: bigint, monoNs = 1n): RawRecord =>
  probe('account', { monoNs, ofKind: recordKind.task, unreserved })
