import { readFile } from 'node:fs/promises'

const places = [
  '/sys/kernel/tracing/available_filter_functions',
  '/sys/kernel/debug/tracing/available_filter_functions',
]

/**
 * The functions of this kernel whose name begins with one of the prefixes and that a kprobe can be put on.
 * Taken from ftrace's list, which leaves out what is inlined or notrace; null when there is no such list.
 */
export const readTraceableFunctions = async (prefixes: string[]): Promise<Set<string> | null> => {
  const pattern = new RegExp(`^((?:${prefixes.join('|')})\\w*)(?: |$)`, 'gm')
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => null)
    if (text !== null) return new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))
  }
  return null
}
