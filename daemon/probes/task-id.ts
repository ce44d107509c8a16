import type { RecordOf } from '../raw/records.ts'

/** struct task_id of bpf/records.h. */
export type TaskId = RecordOf<'task'>['task']

/** The task that made a record, as events name it. */
export const whoOf = ({ pid, tid, comm }: TaskId): { pid: number; tid: number; comm: string } => ({
  pid,
  tid,
  comm,
})

/** As events write addresses and ids. */
export const addressOf = (value: bigint): string => `0x${value.toString(16)}`
