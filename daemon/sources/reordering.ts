import { createAccount } from '../account/account.ts'
import type { RawBody } from '../probes/raw-record.ts'
import type { LineAccount } from './line-queue.ts'
import { recordName } from './record-name.ts'

/**
 * How long records wait for earlier ones. bpftrace before 0.20 or so has one buffer per CPU and empties one after
 * the other: what a task printed before it moved to another CPU can come after what it printed then. That is a matter of
 * milliseconds. The rest is for transitions on a machine with a single CPU: what is done about their start neither
 * delays their first look, nor meets their end when that waits for RCU-tasks for the first time (see quiet-time.ts).
 */
const windowMs = 30

export type Reordering = {
  /** Takes what bpftrace printed; `followUp` was read because of it and stays behind it. */
  take: (line: string, followUp?: RawBody) => void
  /** Takes what was seen elsewhere at that time, in ns: a look at all tasks comes after the steps that it shows. */
  place: (at: bigint, body: RawBody) => void
  /** Hands out everything now. */
  flush: () => void
}

type Held = { at: bigint | null; inventory: boolean; bodies: RawBody[]; isLine: boolean }

/** Puts the tracer's records into the order of their kernel times. */
export const createReordering = (
  emit: (body: RawBody) => void,
  account: Pick<LineAccount, 'linesArrived' | 'linesLeft'> = createAccount(),
): Reordering => {
  let held: Held[] = []
  let timer: NodeJS.Timeout | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const batch = inKernelOrder(held)
    held = []
    for (const { bodies, isLine } of batch) {
      if (isLine) account.linesLeft(1)
      for (const body of bodies) emit(body)
    }
  }
  const hold = (one: Held): void => {
    held.push(one)
    // When this thread was held up, what has been printed meanwhile is read before the immediate runs.
    timer ??= setTimeout(() => setImmediate(flush), windowMs)
  }
  return {
    take: (line, followUp) => {
      const body: RawBody = { source: 'bpftrace', line }
      const inventory = recordName(line)?.startsWith('inventory.') ?? false
      account.linesArrived(1)
      hold({ at: kernelTime(line), inventory, bodies: followUp ? [body, followUp] : [body], isLine: true })
    },
    place: (at, body) => hold({ at, inventory: false, bodies: [body], isLine: false }),
    flush,
  }
}

/**
 * A record without a time belongs to the next one that has one: maps are printed just before their tick. Those of
 * an inventory keep their order among themselves besides.
 */
const inKernelOrder = (held: readonly Held[]): readonly Held[] => {
  let next: bigint | null = null
  const timed = [...held].reverse().map((each) => {
    next = each.at ?? next
    return { ...each, at: next }
  })
  let inventoryAt: bigint | null = null
  const ordered = timed.reverse().map((each) => {
    if (!each.inventory) return each
    inventoryAt = later(inventoryAt, each.at)
    return { ...each, at: inventoryAt }
  })
  return ordered.sort((a, b) => compare(a.at, b.at))
}

/** Null: at the end, where no record with a time follows. */
const compare = (a: bigint | null, b: bigint | null): number => {
  if (a === b) return 0
  if (a === null) return 1
  return b === null || a < b ? -1 : 1
}

const later = (a: bigint | null, b: bigint | null): bigint | null =>
  a === null || b === null ? b : a > b ? a : b

/** Seconds and nanoseconds follow the name; an inventory's lines and an ask carry other numbers there. */
const timedRecord =
  /^\{"type": ?"value", ?"data": ?\["(?!inventory\.|transition\.ask)[\w.]+", ?(\d+), ?(\d+)[,\]]/

const kernelTime = (line: string): bigint | null => {
  const match = timedRecord.exec(line)
  return match ? BigInt(match[1] ?? 0) * 1_000_000_000n + BigInt(match[2] ?? 0) : null
}
