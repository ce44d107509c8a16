import type Database from 'better-sqlite3'
import { Command, Option } from 'commander'
import type { TransitionReport } from '../contract/report.ts'
import { writeOutput } from '../files/write-output.ts'
import { packageVersion } from '../package-paths.ts'
import { buildReport } from '../report/build-report.ts'
import { readEvidence } from '../report/read-evidence.ts'
import { type ReportFormat, renderReport, reportFormats } from '../report/render-report.ts'
import { UserError } from '../user-error.ts'
import { askDaemon } from './ask-daemon.ts'
import type { SourceFlags } from './source.ts'
import { parseFile, sourceOptions } from './source-options.ts'
import { withRecord } from './with-record.ts'

type Flags = SourceFlags & { format: ReportFormat; output?: string }

/** The daemon reads all of a long transition before it answers. */
const timeoutMs = 120_000

export const reportCommand = (): Command => {
  const command = new Command('report')
    .description('post-mortem of one transition: which task held it up, for how long, why')
    .argument('[id]', 'the transition, as in klpscope history; default: the last')
    .addOption(new Option('--format <format>', 'how to write it').choices(reportFormats).default('md'))
    .option('-o, --output <file>', 'write it to this file', parseFile)
  for (const option of sourceOptions()) command.addOption(option)
  return command.action(async (id: string | undefined, flags: Flags) =>
    writeText(flags.output, await readReport(id, flags.format, flags)),
  )
}

const writeText = (file: string | undefined, text: string): Promise<void> =>
  writeOutput(file, async (out) => void out.write(text))

/** A report as text. @throws UserError when there is no such transition, no record or no daemon */
export const readReport = async (
  id: string | undefined,
  format: ReportFormat,
  source: Pick<SourceFlags, 'db' | 'url'>,
): Promise<string> => {
  if (source.db === undefined) {
    const path = `transitions/${encodeURIComponent(id ?? 'last')}/report?format=${format}`
    return (await askDaemon(source.url, path, timeoutMs)).text()
  }
  return withRecord(source.db, ({ database }) => renderReport(reportOfRecord(database, id), format))
}

/** @throws UserError when there is no such transition */
export const reportOfRecord = (database: Database.Database, id: string | undefined): TransitionReport => {
  const evidence = readEvidence(database, id)
  if (evidence) return buildReport(evidence, packageVersion())
  throw new UserError(
    id === undefined ? 'No transition has been recorded.' : `There is no transition ${id} in this record.`,
    'klpscope history lists those there are.',
  )
}
