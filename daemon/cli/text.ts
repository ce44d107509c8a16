import { styleText } from 'node:util'
import { harmlessJson } from '../words/harmless-json.ts'
import { visibleText } from '../words/visible-text.ts'

type Style = Parameters<typeof styleText>[0]

/** Text of ours in a colour. */
type Painted = { style: Style; text: string }
export const paint = (style: Style, text: string): Painted => ({ style, text })

/**
 * Prints one line: what people read on a terminal passes through here. A name, whoever chose it, cannot break the line,
 * move the cursor or hide anything. Colours on a terminal only, and not when NO_COLOR is set.
 */
export const print = (...parts: (string | Painted)[]): void => {
  const colours = process.stdout.isTTY && !process.env.NO_COLOR
  const line = parts.map((part) => {
    const text = visibleText(typeof part === 'string' ? part : part.text)
    return colours && typeof part !== 'string' ? styleText(part.style, text) : text
  })
  process.stdout.write(`${line.join('')}\n`)
}

/** For programs: names stay what they are, to the byte. */
export const printJson = (value: unknown): void =>
  void process.stdout.write(`${harmlessJson(JSON.stringify(value))}\n`)

/** For people, on standard error; the line breaks in it are ours. */
export const complain = (text: string): void =>
  void process.stderr.write(`${text.split('\n').map(visibleText).join('\n')}\n`)

/** Columns as wide as their widest cell. */
export const printTable = (head: string[], rows: string[][]): void => {
  const safe = [head, ...rows].map((row) => row.map(visibleText))
  const widths = head.map((_, column) => Math.max(...safe.map((row) => row[column]?.length ?? 0)))
  const [first = '', ...rest] = safe.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  print(paint('bold', first))
  for (const line of rest) print(line)
}

/** `3 min 12 s`, `4.2 s`, `870 ms` */
export const duration = (milliseconds: number): string => {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1_000).toFixed(1)} s`
  const seconds = Math.floor(milliseconds / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}

export const since = (time: string, now: string): string =>
  duration(Math.max(0, Date.parse(now) - Date.parse(time)))
