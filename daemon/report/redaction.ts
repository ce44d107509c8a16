import type { EventOf } from '../contract/event.ts'

/** Removes command lines and host names, the same way everywhere. */
export type Redaction = {
  /** A copy of JSON data without them; what it holds of them is remembered for `text`. */
  data: <T>(value: T) => T
  /** Every mention of what is known by then. */
  text: (text: string) => string
}

/** What a user's own probe printed may be a command line, or hold one: nothing tells. */
const isCustom = (value: object): value is EventOf<'custom'> => 'kind' in value && value.kind === 'custom'

const removed = '[command line removed]'
/** No secret, and a word of its own. */
const notNames = new Set(['localhost', 'localhost.localdomain', 'unknown host', ''])

/**
 * Keys tell what is a command line or a host name; the same strings are then removed wherever they stand, so data has
 * to be redacted before text. A command line that is only a name (`bash`) is not looked for in text: it is the task's
 * name, which stays.
 * @param hostnames known from elsewhere
 */
export const createRedaction = (hostnames: readonly string[]): Redaction => {
  const names = new Map<string, string>()
  const commandLines = new Set<string>()
  let pattern: RegExp | null = null

  const learnName = (name: string): string => {
    if (notNames.has(name)) return name
    const known = names.get(name)
    if (known !== undefined) return known
    const alias = `host-${names.size + 1}`
    names.set(name, alias)
    // The first label alone is as telling as the whole name.
    const [label = ''] = name.split('.')
    if (label !== name && label.length > 2 && !names.has(label)) names.set(label, alias)
    pattern = null
    return alias
  }
  for (const name of hostnames) learnName(name)

  const data = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') {
      if (key === 'hostname') return learnName(value)
      if (key !== 'commandLine' || value === removed) return value
      if (/[\s/]/.test(value.trim())) {
        commandLines.add(value)
        pattern = null
      }
      return removed
    }
    if (Array.isArray(value)) return value.map((each) => data(each, key))
    if (typeof value !== 'object' || value === null) return value
    if (isCustom(value)) return { ...value, fields: [], omitted: value.fields.length + (value.omitted ?? 0) }
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, data(each, name)]))
  }

  /** Longest first, so that no part of one is left of another. */
  const compile = (): RegExp => {
    const lines = [...commandLines].flatMap((line) => [line, JSON.stringify(line).slice(1, -1)])
    const alternatives = [
      ...longestFirst(new Set(lines)).map(literally),
      ...longestFirst(names.keys()).map(namePattern),
    ]
    return new RegExp(alternatives.length > 0 ? alternatives.join('|') : '(?!)', 'gi')
  }
  const aliasOf = (found: string): string => {
    const name = [...names].find(([known]) => known.toLowerCase() === found.toLowerCase())
    return name?.[1] ?? removed
  }

  return {
    data: <T>(value: T) => data(value) as T,
    text: (text) => {
      pattern ??= compile()
      return text.replace(pattern, aliasOf)
    },
  }
}

/** Within other words too, where it is long enough not to be a part of them by chance. */
const namePattern = (name: string): string =>
  name.length > 3 ? literally(name) : `(?<![\\w.-])${literally(name)}(?![\\w-])`

const longestFirst = (texts: Iterable<string>): string[] => [...texts].sort((a, b) => b.length - a.length)
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
