import { Command } from 'commander'
import { transitionReportSchema } from '../contract/report.ts'
import type { State } from '../contract/state.ts'
import { formatTime, parseTime } from '../core/time.ts'
import { writeOutput } from '../files/write-output.ts'
import { bpfDir, tracerFile } from '../package-paths.ts'
import type { Replay } from '../replay/open-replay.ts'
import type { BundleSource } from '../report/bundle-source.ts'
import { exportNdjson } from '../report/export-ndjson.ts'
import { writeBundle } from '../report/write-bundle.ts'
import { probeCapabilities } from '../sources/capabilities.ts'
import { createPast } from '../store/past.ts'
import { askDaemon } from './ask-daemon.ts'
import { readReport, reportOfRecord } from './report.ts'
import { parseFile, sourceOptions } from './source-options.ts'
import { withRecord } from './with-record.ts'

type Flags = { output: string; redact?: boolean; db?: string; url: string }

export const bundleCommand = (): Command => {
  const command = new Command('bundle')
    .description('evidence of one transition for a vendor ticket, as one tar.gz')
    .argument('[id]', 'the transition, as in klpscope history; default: the last')
    .requiredOption('-o, --output <file.tar.gz>', 'write it to this file; -: standard output', parseFile)
    .option('--redact', 'remove command lines and host names everywhere')
  for (const option of sourceOptions()) command.addOption(option)
  return command
    .addHelpText(
      'after',
      `
It holds the report (Markdown, HTML, JSON), the events of that time with a minute before and after, and the state at the
end. Made on the host and in the boot of the record, as root, also: the kernel log of that time, versions of all modules,
a copy of /sys/kernel/livepatch, the kernel's configuration and command line, klpscope doctor. Its README.txt says what
is in it, what is missing, and why.`,
    )
    .action(async (id: string | undefined, flags: Flags) => {
      const write = (source: BundleSource) =>
        writeOutput(flags.output, (out) =>
          writeBundle(source, out, {
            redact: flags.redact ?? false,
            madeAt: new Date().toISOString(),
            capabilities: () => probeCapabilities(tracerFile, bpfDir),
          }),
        )
      await (flags.db === undefined
        ? write(ofDaemon(id, flags))
        : withRecord(flags.db, (record) => write(ofRecord(record, id))))
    })
}

const ofRecord = ({ database }: Replay, id: string | undefined): BundleSource => ({
  report: async () => reportOfRecord(database, id),
  async *events(range) {
    for (const { bytes } of exportNdjson(database, range)) yield bytes
  },
  stateAt: async (time) => {
    const past = createPast(database)
    return past.viewAfter(past.seqAt(parseTime(time)) ?? 0)
  },
})

/** Time enough to read a large record. */
const timeoutMs = 600_000

const ofDaemon = (id: string | undefined, flags: Flags): BundleSource => ({
  report: async () => transitionReportSchema.parse(JSON.parse(await readReport(id, 'json', flags))),
  async *events({ fromNs, toNs }) {
    const query = new URLSearchParams({ from: formatTime(fromNs), to: formatTime(toNs), format: 'ndjson' })
    yield* (await askDaemon(flags.url, `export?${query}`, timeoutMs)).bytes()
  },
  stateAt: async (time) =>
    JSON.parse(
      await (await askDaemon(flags.url, `state?at=${encodeURIComponent(time)}`, timeoutMs)).text(),
    ) as State,
})
