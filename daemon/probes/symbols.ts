import type { RecordName, RecordOf } from '../raw/records.ts'
import { hexOf } from './hex.ts'

/** `name` and `module` are null where no symbol is known; a symbol without a module is vmlinux's. */
export type KernelSymbol = { address: string; start: bigint; name: string | null; module: string | null }

/**
 * What stands at an address, as the tracer told it. It tells each once, and again when another module may stand there:
 * what it has forgotten is forgotten here at the same record (bpf/tracer/symbol-names.c).
 */
export type SymbolsMemory = Map<string, KernelSymbol>

export const symbolOf = (record: RecordOf<'symbol'>): KernelSymbol => ({
  address: hexOf(record.address),
  start: record.start,
  name: record.name || null,
  module: record.module || null,
})

const moves: ReadonlySet<RecordName> = new Set([
  'patch-loading',
  'patch-released',
  'module-coming',
  'module-gone',
])

/** Whether other modules may stand at known addresses from this record on. */
export const mayMove = (name: RecordName): boolean => moves.has(name)

/** A frame of a stack as /proc/<pid>/stack has it, without the size of the function: `name+0x12 [module]`. */
export const frameOf = (address: bigint, { start, name, module }: KernelSymbol): string =>
  name === null ? hexOf(address) : `${name}+${hexOf(address - start)}${module === null ? '' : ` [${module}]`}`
