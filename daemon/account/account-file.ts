import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** What a run that did not end in order left open: events numbered after `after` (up to `upTo`) may be in the record. */
export type OpenRun = { after: number; upTo: number | null; open: number }

/**
 * What is open in the account, where it survives the process: a page that the kernel holds, so that writing it waits for
 * no disk. After a kill the next start knows by it, and by the record, how many events died with the process.
 */
export type AccountFile = {
  /** Of the runs before this one, oldest first. */
  earlier: readonly OpenRun[]
  /** This run begins: what the earlier ones left open is part of what is open from now on. */
  begin: (after: number) => void
  /** This run begins without a record: what the earlier ones left open can only be told of by a later one. */
  beginAside: (after: number) => void
  /** Notes what is open; at once, and only if it has changed. */
  save: (open: number) => void
  /** The record accounts for everything up to this event: the rest is open. */
  recordedUpTo: (seq: number, open: number) => void
  close: () => void
}

/** @param file on a file system in memory, the same for every daemon of one record; null: nothing survives a kill */
export const openAccountFile = (file: string | null): AccountFile => {
  const earlier = file === null ? [] : read(file)
  /** Null also after the end: the number may be another file's by then. */
  let handle = file === null ? null : open(file)
  let aside: OpenRun[] = [...earlier]
  let current: OpenRun | null = null
  const write = (): void => {
    if (handle === null) return
    const runs = current ? [...aside, current] : aside
    writeSync(handle, `${JSON.stringify(runs)}\n`, 0)
  }
  return {
    earlier,
    begin: (after) => {
      aside = []
      current = { after, upTo: null, open: 0 }
    },
    beginAside: (after) => {
      aside = aside.map((run) => ({ ...run, upTo: run.upTo ?? after }))
      current = { after, upTo: null, open: 0 }
    },
    save: (open) => {
      if (current === null || current.open === open) return
      current.open = open
      write()
    },
    recordedUpTo: (seq, open) => {
      if (current === null) return
      current.after = seq
      current.open = open
      write()
    },
    close: () => {
      if (handle !== null) closeSync(handle)
      handle = null
    },
  }
}

const read = (file: string): OpenRun[] => {
  try {
    const [line = ''] = readFileSync(file, 'utf8').split('\n')
    const runs: unknown = JSON.parse(line)
    return Array.isArray(runs) ? runs.filter(isOpenRun) : []
  } catch {
    // There was no run since the host was booted, or none that could write here.
    return []
  }
}

const isOpenRun = (value: unknown): value is OpenRun => {
  const { after, upTo, open } = (value ?? {}) as Record<string, unknown>
  return [after, upTo ?? 0, open].every(Number.isSafeInteger)
}

/** Null where nothing can be written: then only the gap says what a kill took. */
const open = (file: string): number | null => {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // Not truncated: until this run has begun, what the earlier ones left open is only here.
    return openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600)
  } catch {
    return null
  }
}
