import { openSync, writeSync } from 'node:fs'
import { openPipeline } from '../../daemon/open-pipeline.ts'
import { monotonicNs } from '../../daemon/sources/clock.ts'
import { createLineQueue } from '../../daemon/sources/line-queue.ts'
import { splitLines } from '../../daemon/sources/lines.ts'

/**
 * The daemon's core, fed by its standard input: line queue, decoding, folding, record. Beside it stands the truth for who
 * checks its account: how many lines it has read, and how many events it has made by itself.
 */
const [file = '', workerFile = '', accountFile = '', truthFile = ''] = process.argv.slice(2)

/** What becomes of the lines it is fed with; every other event is its own. */
const ofLines = /^(shadow-|task-blocked|decode-failed)/
/** `unsure`: lines read that a kill may find in the account or not yet. */
const truth = { lines: 0, unsure: 0, own: 0, written: '' }
const truthHandle = openSync(truthFile, 'w')
const tellTruth = (): void => {
  const text = `${JSON.stringify({ lines: truth.lines, unsure: truth.unsure, own: truth.own })}\n`
  if (text !== truth.written) writeSync(truthHandle, text, 0)
  truth.written = text
}

const pipeline = await openPipeline({
  file,
  workerFile,
  accountFile,
  monotonicNs,
  keep: { days: null, mb: null },
})
const { account } = pipeline
pipeline.addSink(({ event }) => {
  if (!ofLines.test(event.kind)) truth.own++
})
const take = (record: Parameters<typeof pipeline.take>[0]): void => {
  pipeline.take(record)
  tellTruth()
}
take({ monoNs: monotonicNs(), source: 'clock', wallNs: String(BigInt(Date.now()) * 1_000_000n) })
take({
  monoNs: monotonicNs(),
  source: 'host',
  hostname: 'bench',
  kernel: 'bench',
  bootId: 'bench',
  cpus: 1,
  version: 'bench',
  stalledAfterMs: 10_000,
})
tellTruth()
setInterval(tellTruth, 5)

const queue = createLineQueue((line) => take({ monoNs: monotonicNs(), source: 'bpftrace', line }), {
  ...account,
  linesArrived: (count) => {
    account.linesArrived(count)
    truth.unsure += count
  },
  save: () => {
    tellTruth()
    account.save()
    truth.lines += truth.unsure
    truth.unsure = 0
    tellTruth()
  },
})
process.stdin.on('data', splitLines(queue.push))
process.on('SIGTERM', async () => {
  const begun = performance.now()
  process.stdin.pause()
  queue.end(begun + 500)
  const open = await pipeline.end('SIGTERM', begun + 1_700)
  tellTruth()
  process.stdout.write(
    `${JSON.stringify({ stopMs: performance.now() - begun, open, account: account.status() })}\n`,
    () => process.exit(0),
  )
})
process.stdout.write('"ready"\n')
