import type { EventDraft } from '../contract/event.ts'
import type { RecordOf } from '../raw/records.ts'
import { blameFor } from './blame.ts'
import { hexOf } from './hex.ts'
import type { DecodeContext } from './probe-set.ts'
import { threadFunction } from './procfs-task.ts'
import { frameOf } from './symbols.ts'

type ToldStack = { startNs: bigint; stack: string[]; blame: string | undefined }

/** Kernel stacks of the tasks that a transition waits for. */
export type StacksMemory = {
  /** Those of which some addresses have no names yet, by tid. */
  waiting: Map<number, { startNs: bigint; addresses: bigint[] }>
  /** One for each time that a task is blocked: many change all the time. */
  told: Map<number, ToldStack>
}

export const freshStacks = (): StacksMemory => ({ waiting: new Map(), told: new Map() })

/** Of thousands of tasks each list tells some more. */
const mostWaiting = 50
const addressBytes = 8

/** A task is blocked for another reason: its stack is told again. */
export const blockedAgain = ({ stacks }: Pick<DecodeContext, 'stacks'>, tid: number): void => {
  stacks.told.delete(tid)
}

export const takeStack = (
  { stacks: { waiting, told } }: DecodeContext,
  { task: { tid, startBootNs: startNs }, frames, address }: RecordOf<'task-waited-for'>,
): void => {
  if (frames <= 0 || told.get(tid)?.startNs === startNs) return
  if (waiting.size < mostWaiting || waiting.has(tid))
    waiting.set(tid, { startNs, addresses: address.slice(0, frames / addressBytes) })
}

/** Those all of whose addresses have names by now. */
export const tellStacks = (context: DecodeContext, monoNs: string): EventDraft[] => {
  const { waiting, told } = context.stacks
  const events: EventDraft[] = []
  for (const [tid, { startNs, addresses }] of waiting) {
    const stack = addresses.flatMap((address) => {
      const symbol = context.symbols.get(hexOf(address))
      return symbol ? [frameOf(address, symbol)] : []
    })
    if (stack.length < addresses.length) continue
    waiting.delete(tid)
    const blame = blameFor(stack, context.links)
    told.set(tid, { startNs, stack, blame })
    const runs = threadFunction(stack)
    events.push({
      kind: 'task-inspected',
      monoNs,
      tid,
      stack,
      ...(blame === undefined ? {} : { blame }),
      ...(runs === undefined ? {} : { runs }),
    })
  }
  return events
}

/** The tracing programs that are attached are known anew: who made a stack unreliable may be known only now. */
export const blameAnew = (context: DecodeContext, monoNs: string): EventDraft[] =>
  [...context.stacks.told].flatMap(([tid, known]) => {
    const blame = blameFor(known.stack, context.links)
    if (blame === undefined || blame === known.blame) return []
    known.blame = blame
    return [{ kind: 'task-inspected', monoNs, tid, blame }]
  })
