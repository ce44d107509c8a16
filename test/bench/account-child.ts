import { openSync, readFileSync, writeSync } from 'node:fs'
import { openPipeline } from '../../daemon/open-pipeline.ts'
import { probeRecord } from '../../daemon/probes/raw-record.ts'
import { TracerStream } from '../../daemon/raw/tracer-stream.ts'
import { monotonicNs } from '../../daemon/sources/clock.ts'
import { createTracerReader } from '../../daemon/sources/tracer-reader.ts'

/**
 * The daemon's core, fed by its standard input in the tracer's place: reading, decoding, folding, record. Beside it stands
 * the truth for who checks its account: how many frames it has read, and how many events it has made by itself.
 */
const [file = '', workerFile = '', accountFile = '', truthFile = '', prologueFile = ''] =
  process.argv.slice(2)

/** What becomes of the frames it is fed with; every other event is its own. */
const ofFrames = /^(shadow-|decode-failed)/
/** `unsure`: frames read that a kill may find in the account or not yet. */
const truth = { frames: 0, unsure: 0, own: 0, written: '' }
const truthHandle = openSync(truthFile, 'w')
const tellTruth = (): void => {
  const text = `${JSON.stringify({ frames: truth.frames, unsure: truth.unsure, own: truth.own })}\n`
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
  if (!ofFrames.test(event.kind)) truth.own++
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

let began = false
const read = createTracerReader(
  {
    ...account,
    arrived: (count) => {
      account.arrived(count)
      if (began) truth.unsure += count
    },
    save: () => {
      tellTruth()
      account.save()
      truth.frames += truth.unsure
      truth.unsure = 0
      tellTruth()
    },
  },
  () => undefined,
  (message) => message.type === 'record' && take(probeRecord(message.record)),
  // What is fed is of a recording: its tracer may have had fewer kinds of records.
  new TracerStream({ ofRecording: true }),
)
read(readFileSync(prologueFile))
began = true
process.stdin.on('data', read)
process.on('SIGTERM', async () => {
  const begun = performance.now()
  process.stdin.pause()
  const open = await pipeline.end('SIGTERM', begun + 1_700)
  tellTruth()
  process.stdout.write(
    `${JSON.stringify({ stopMs: performance.now() - begun, open, account: account.status() })}\n`,
    () => process.exit(0),
  )
})
process.stdout.write('"ready"\n')
