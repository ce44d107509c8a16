import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours on a terminal only, and not when NO_COLOR is set. */
export const paint = (style: Style, text: string): string =>
  process.stdout.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text

/** Columns as wide as their widest cell; control characters made harmless. */
export const table = (head: string[], rows: string[][]): string => {
  const safe = [head, ...rows].map((row) => row.map(printable))
  const widths = head.map((_, column) => Math.max(...safe.map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const [first = [], ...rest] = safe
  return [paint('bold', line(first)), ...rest.map(line)].join('\n')
}

/** A comm or command line may hold escape sequences: show them, do not run them. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

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

export const print = (text: string): void => void process.stdout.write(`${text}\n`)
