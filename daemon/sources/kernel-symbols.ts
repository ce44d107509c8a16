import { readFileSync } from 'node:fs'

const functionLists = [
  '/sys/kernel/tracing/available_filter_functions',
  '/sys/kernel/debug/tracing/available_filter_functions',
]

export type KernelSymbols = {
  /** Whether a kprobe can be put on the function. */
  hasFunction: (name: string) => boolean
  /** Address of a symbol; null when the kernel does not tell (no CONFIG_KALLSYMS_ALL, kptr_restrict). */
  addressOf: (name: string) => bigint | null
}

/**
 * What this kernel calls its functions and variables. The lists are megabytes of text: they are searched as
 * bytes, and read synchronously because the kernel hands them out 4 KiB at a time.
 */
export const readKernelSymbols = (): KernelSymbols => {
  const functions = functionLists.map(readBytes).find((bytes) => bytes !== null) ?? null
  const symbols = readBytes('/proc/kallsyms')
  const addressOf = (name: string): bigint | null => {
    const end = symbols?.indexOf(` ${name}\n`) ?? -1
    if (!symbols || end < 0) return null
    // <16 hexadecimal digits> <type letter>
    const address = BigInt(`0x${symbols.toString('latin1', end - 18, end - 2)}`)
    return address === 0n ? null : address
  }
  return {
    // ftrace's list leaves out what is inlined or notrace; without tracefs a symbol has to do.
    hasFunction: (name) => (functions ? functions.includes(`\n${name}\n`) : addressOf(name) !== null),
    addressOf,
  }
}

const readBytes = (path: string): Buffer | null => {
  try {
    return readFileSync(path)
  } catch {
    return null
  }
}
