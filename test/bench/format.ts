import type { Section } from './bench.ts'

/** Columns padded to their widest cell; the first to the left, figures to the right. */
const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

/** Breaks a text into lines of at most that many characters. */
const wrapped = (text: string, width: number): string[] => {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

export const formatSection = ({ title, columns, rows, notes, verdict }: Section): string =>
  [
    title,
    '='.repeat(title.length),
    ...(rows.length > 0 ? table([columns, ...rows]) : []),
    ...notes.flatMap((note) =>
      wrapped(note, 106).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`)),
    ),
    ...(verdict ? [`=> ${verdict.outcome.toUpperCase()}: ${verdict.text}`] : []),
    '',
  ].join('\n')

/** @param digits after the point */
export const fixed = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits) : '-'
