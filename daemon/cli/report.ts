import type Database from 'better-sqlite3'
import { Command, Option } from 'commander'
import type { TransitionReport } from '../contract/report.ts'
import { packageVersion } from '../package-paths.ts'
import { openReplay } from '../replay/open-replay.ts'
import { buildReport } from '../report/build-report.ts'
import { readEvidence } from '../report/read-evidence.ts'
import { type ReportFormat, renderReport, reportFormats } from '../report/render-report.ts'
import { UserError } from '../user-error.ts'
import { writeDocument } from './output.ts'
import { defaultUrl, fetchFromDaemon } from './source.ts'

type Flags = { format: ReportFormat; output?: string; db?: string; url?: string }

/** The daemon reads all of a long transition before it answers. */
const timeoutMs = 120_000

export const reportCommand = (): Command =>
  new Command('report')
    .description('post-mortem of one transition: which task held it up, for how long, why')
    .argument('[id]', 'the transition, as in klpscope history; default: the last')
    .addOption(new Option('--format <format>', 'how to write it').choices(reportFormats).default('md'))
    .option('-o, --output <file>', 'write it to this file')
    .option('--db <file>', 'read this record instead of asking the running daemon')
    .option('--url <url>', 'address of the daemon', process.env.KLPSCOPE_URL ?? defaultUrl)
    .action(async (id: string | undefined, flags: Flags) =>
      writeDocument(await readReport(id, flags.format, flags), flags.output),
    )

/** A report as text. @throws UserError when there is no such transition, no record or no daemon */
export const readReport = async (
  id: string | undefined,
  format: ReportFormat,
  source: { db?: string; url?: string },
): Promise<string> => {
  if (source.db === undefined) {
    const path = `transitions/${encodeURIComponent(id ?? 'last')}/report?format=${format}`
    return await (await fetchFromDaemon(source, path, timeoutMs)).text()
  }
  const record = await openReplay(source.db)
  try {
    return renderReport(reportOfRecord(record.database, id), format)
  } finally {
    record.close()
  }
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
