const value = /^\{"type": ?"value", ?"data": ?\["([\w.]+)"[,\]]/

/**
 * Name of the record that a line of bpftrace's output carries; null: it carries none. It is known by its place in the
 * line only: a task may have the name of a record.
 */
export const recordName = (line: string): string | null => value.exec(line)?.[1] ?? null
