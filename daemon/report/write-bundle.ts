import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack as createPack, type Pack } from 'tar-stream'
import type { TransitionReport } from '../contract/report.ts'
import { formatTime, parseTime } from '../core/time.ts'
import { withCleanup } from '../files/with-cleanup.ts'
import type { Capability } from '../sources/capabilities.ts'
import { parseStored } from '../store/stored-json.ts'
import type { BundlePart } from './bundle-part.ts'
import { type BundleFile, bundleReadme, type MissingFile } from './bundle-readme.ts'
import { type BundleSource, bootIdOfThisHost } from './bundle-source.ts'
import { hostParts } from './host-parts.ts'
import { kernelLogPart } from './kernel-log-part.ts'
import { createRedaction, type Redaction } from './redaction.ts'
import { renderReport, reportFormats } from './render-report.ts'

/** Before the transition and after it. */
const marginNs = 60_000_000_000n

export type BundleOptions = {
  redact: boolean
  /** RFC 3339. */
  madeAt: string
  capabilities: () => Promise<Capability[]>
}

const whats = {
  md: 'the report, for a ticket or a terminal',
  html: 'the report, for people',
  json: 'the report, for programs',
} as const

/** Writes the evidence of one transition as tar.gz. @throws UserError as its source does */
export const writeBundle = async (
  source: BundleSource,
  out: Writable,
  { redact, madeAt, capabilities }: BundleOptions,
): Promise<void> => {
  const raw = await source.report()
  const redaction = redact ? createRedaction([hostname(), raw.host?.hostname ?? '']) : nothing
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-bundle-'))
  await withCleanup(
    () => rmSync(dir, { recursive: true, force: true }),
    async () => {
      const range = rangeOf(raw)
      const events = join(dir, 'events.ndjson')
      await pipeline(source.events(range), createWriteStream(join(dir, 'raw')))
      const state = redaction.data(await source.stateAt(stateTime(raw)))
      const report = redaction.data(raw)
      // All data is gone through once before the first text: by then it is known what to remove from texts.
      await perLine(join(dir, 'raw'), join(dir, 'data'), (line) =>
        JSON.stringify(redaction.data(parseStored(line))),
      )
      await perLine(join(dir, 'data'), events, redaction.text)
      const parts: BundlePart[] = [
        ...reportFormats.map((format) => ({
          name: `report.${format}`,
          what: whats[format],
          text: renderReport(report, format),
        })),
        {
          name: 'state.json',
          what: 'the state at the end of the transition',
          text: `${JSON.stringify(state, null, 2)}\n`,
        },
        ...(await partsOfHost(raw, capabilities, redact)),
      ]
      await packAll(
        `klpscope-${redaction.text(report.transition.patch)}-${report.transition.id}`.replace(
          /[^\w.-]/g,
          '_',
        ),
        events,
        parts.map((part) => ('text' in part ? { ...part, text: redaction.text(part.text) } : part)),
        out,
        madeAt,
        (files, missing) =>
          redaction.text(
            bundleReadme(report, files, missing, {
              redacted: redact,
              eventsFrom: formatTime(range.fromNs),
              eventsTo: formatTime(range.toNs),
              madeAt,
            }),
          ),
      )
    },
  )
}

const nothing: Redaction = { data: (value) => value, text: (text) => text }

const stateTime = ({ transition, asOf }: TransitionReport): string => transition.endedAt ?? asOf

const rangeOf = (report: TransitionReport) => ({
  fromNs: parseTime(report.transition.startedAt) - marginNs,
  toNs: parseTime(stateTime(report)) + marginNs,
})

/** What only the host itself can tell, and only of the boot it is in. */
const partsOfHost = async (
  report: TransitionReport,
  capabilities: BundleOptions['capabilities'],
  redact: boolean,
): Promise<BundlePart[]> => {
  const { transition, host } = report
  if (host === null || host.bootId !== bootIdOfThisHost()) {
    const why =
      'the record was made on another host or in another boot: only what it holds is here (versions of the patches: state.json); run klpscope bundle on that host before it reboots'
    return [
      { name: 'host/', what: 'modules, sysfs, kernel configuration and command line, doctor', missing: why },
      { name: 'kernel-log.txt', what: 'the kernel log of that time', missing: why },
    ]
  }
  const startUs = Number(BigInt(transition.startedMonoNs) / 1000n)
  const marginUs = Number(marginNs / 1000n)
  const removed = { missing: 'command lines are removed (--redact)' }
  const parts = hostParts(await capabilities()).map((part) =>
    redact && part.name === 'host/proc/cmdline' ? { name: part.name, what: part.what, ...removed } : part,
  )
  return [kernelLogPart(startUs - marginUs, startUs + transition.durationMs * 1000 + marginUs), ...parts]
}

const perLine = async (from: string, to: string, change: (line: string) => string): Promise<void> => {
  const out = createWriteStream(to)
  for await (const line of createInterface({
    input: createReadStream(from),
    crlfDelay: Number.POSITIVE_INFINITY,
  }))
    if (!out.write(`${change(line)}\n`)) await once(out, 'drain')
  await new Promise<void>((resolve) => out.end(resolve))
}

/** The README comes first in the archive and tells of all that follows. */
const packAll = async (
  folder: string,
  events: string,
  parts: BundlePart[],
  out: Writable,
  madeAt: string,
  readme: (files: BundleFile[], missing: MissingFile[]) => string,
): Promise<void> => {
  const pack = createPack()
  const writing = pipeline(pack, createGzip(), out, { end: out !== process.stdout })
  const texts = parts.flatMap((part) => ('text' in part ? [part] : []))
  const eventsSize = statSync(events).size
  const files = [
    ...texts.map(({ name, what, text }) => ({
      name,
      what,
      sizeBytes: Buffer.byteLength(text),
      sha256: createHash('sha256').update(text).digest('hex'),
    })),
    {
      name: 'events.ndjson',
      what: 'every recorded event of that time',
      sizeBytes: eventsSize,
      sha256: await hashOf(events),
    },
  ]
  const missing = parts.flatMap((part) => ('missing' in part ? [part] : []))
  const mtime = new Date(madeAt)
  const add = (name: string, text: string) => pack.entry({ name: `${folder}/${name}`, mtime }, text)
  add('README.txt', readme(files, missing))
  for (const { name, text } of texts) add(name, text)
  await addFile(pack, { name: `${folder}/events.ndjson`, mtime, size: eventsSize }, events)
  pack.finalize()
  await writing
}

const addFile = (
  pack: Pack,
  header: { name: string; mtime: Date; size: number },
  file: string,
): Promise<void> => pipeline(createReadStream(file), pack.entry(header))

const hashOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
