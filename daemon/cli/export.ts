import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setImmediate as breath } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { formatTime, parseInstant } from '../core/time.ts'
import { writeOutput } from '../files/write-output.ts'
import { type ExportRange, seqsOf } from '../report/event-pages.ts'
import { type ExportFormat, exportFormats, exportRecord } from '../report/export-record.ts'
import { formatCount } from '../words/format.ts'
import { askDaemon } from './ask-daemon.ts'
import { parseFile, sourceOptions } from './source-options.ts'
import { withRecord } from './with-record.ts'

type Flags = {
  format: ExportFormat
  from?: bigint
  to?: bigint
  output?: string
  db?: string
  url: string
}
type Progress = (share: number | null, told: string) => void

export const exportCommand = (): Command => {
  const command = new Command('export')
    .description('the record as NDJSON (for klpscope replay), CSV or a Perfetto trace')
    .addOption(
      new Option('--format <format>', 'how to write it').choices(exportFormats).makeOptionMandatory(),
    )
    .option('--from <time>', 'only from this moment on (RFC 3339, such as 2026-11-20T17:52:00Z)', moment)
    .option('--to <time>', 'only up to this moment', moment)
    .option('-o, --output <file>', 'write it to this file', parseFile)
  for (const option of sourceOptions()) command.addOption(option)
  return command
    .addHelpText(
      'after',
      `
CSV has a header and follows RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe.
A Perfetto trace opens in ui.perfetto.dev; its times are wall-clock times.`,
    )
    .action(async (flags: Flags) => {
      const range = {
        ...(flags.from === undefined ? {} : { fromNs: flags.from }),
        ...(flags.to === undefined ? {} : { toNs: flags.to }),
      }
      const write = (out: Writable) =>
        flags.db === undefined
          ? writeFromDaemon(flags, range, out)
          : writeFromRecord(flags.db, flags.format, range, out)
      await writeOutput(flags.output, write)
    })
}

/** @throws UserError when there is no record */
export const writeFromRecord = async (
  file: string,
  format: ExportFormat,
  range: ExportRange,
  out: Writable,
): Promise<void> =>
  withRecord(file, async ({ database }) => {
    const seqs = seqsOf(database, range)
    const progress = showProgress()
    for (const { bytes, seq } of exportRecord(database, format, range)) {
      if (bytes.length > 0 && !out.write(bytes)) await once(out, 'drain')
      // Signals are heard between two pieces only.
      await breath()
      if (seqs) progress((seq - seqs.first + 1) / (seqs.last - seqs.first + 1), `event ${formatCount(seq)}`)
    }
    progress(1, 'done')
  })

const writeFromDaemon = async (flags: Flags, range: ExportRange, out: Writable): Promise<void> => {
  const query = new URLSearchParams({ format: flags.format })
  if (range.fromNs !== undefined) query.set('from', formatTime(range.fromNs))
  if (range.toNs !== undefined) query.set('to', formatTime(range.toNs))
  const answer = await askDaemon(flags.url, `export?${query}`, dayMs)
  const progress = showProgress()
  let sizeBytes = 0
  for await (const bytes of answer.bytes()) {
    if (!out.write(bytes)) await once(out, 'drain')
    sizeBytes += bytes.length
    progress(null, `${formatCount(Math.round(sizeBytes / 1000))} kB`)
  }
  progress(1, 'done')
}

/** A long export takes its time; nobody waits longer than a day. */
const dayMs = 86_400_000

const progressEveryMs = 200

/** On a terminal only. */
const showProgress = (): Progress => {
  if (!process.stderr.isTTY) return () => undefined
  let shownAt = 0
  return (share, told) => {
    const isOver = share === 1
    if (!isOver && Date.now() - shownAt < progressEveryMs) return
    shownAt = Date.now()
    const percent = share === null ? '' : `${Math.floor(share * 100)} %, `
    process.stderr.write(isOver ? '\r\u001b[K' : `\r\u001b[K${percent}${told}`)
  }
}

function moment(text: string): bigint {
  try {
    return parseInstant(text)
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`)
  }
}
