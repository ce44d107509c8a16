import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { frameHeaderBytes, frameOf } from '../../daemon/raw/frames.ts'
import { TracerStream } from '../../daemon/raw/tracer-stream.ts'
import { checkoutRoot } from '../lab/checkout.ts'
import { floodFrameBytes, floodWithKills } from './account-flood.ts'
import type { BenchOptions, HostBench, Section } from './bench.ts'
import { fixed } from './format.ts'

const framesPerS = 20_000
const recorded = 'shadow-6.1.recording.gz'

/**
 * Real records of single calls, each of which becomes one event, padded to the length that a flood takes: the layout
 * before them says so.
 */
export const singleFrames = (recordingsDir: string): { prologue: Uint8Array; frames: Uint8Array[] } => {
  const bytes = gunzipSync(readFileSync(join(recordingsDir, recorded)))
  const all = [...new TracerStream({ ofRecording: true }).readFrames(bytes)]
  const prologue = all.flatMap(({ frame }) => {
    if (frame.type !== 'layout') return frame.type === 'hello' ? [frame.bytes] : []
    const layout = JSON.parse(Buffer.from(frame.payload).toString()) as { name: string; bytes: number }
    if (layout.name === 'SHADOW_CALL') layout.bytes = floodFrameBytes - frameHeaderBytes
    return [frameOf('layout', Buffer.from(JSON.stringify(layout)))]
  })
  const frames = all.flatMap(({ frame, message }) => {
    if (message?.type !== 'record' || message.record.record !== 'shadow-call') return []
    const payload = new Uint8Array(floodFrameBytes - frameHeaderBytes)
    payload.set(frame.payload)
    return [frameOf('record', payload)]
  })
  return { prologue: Buffer.concat(prologue), frames }
}

const run = async ({ quick, minutes }: BenchOptions): Promise<Section[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-account-'))
  const seconds = 60 * (minutes ?? (quick ? 0.5 : 10))
  try {
    const result = await floodWithKills({
      childFile: join(checkoutRoot(), 'dist', 'account-child.js'),
      workerFile: join(checkoutRoot(), 'dist', 'store-worker.js'),
      dir,
      ...singleFrames(join(checkoutRoot(), 'test', 'recordings')),
      seconds,
      framesPerS,
      meanRunS: quick ? 2 : 5,
    })
    const { sent, own, inReads, recorded, lost, kills, stops, slowestStopMs, difference, problems } = result
    const exact = difference === 0 && problems.length === 0
    return [
      {
        title: `The account of a flood, ${fixed(seconds / 60, 1)} minutes at up to ${framesPerS} records/s`,
        columns: ['what became of it', 'events'],
        rows: [
          ['sent to the daemon', String(sent)],
          ['made by the daemon itself', String(own)],
          ['in a read that a kill cut off', String(-inReads)],
          ['recorded', String(-recorded)],
          ...Object.entries(lost).map(([place, count]) => [`lost: ${place}`, String(-count)]),
          ['difference', String(difference)],
        ],
        notes: [
          `Records of a tracer through a pipe into the daemon's own reading, decoding and record; it was killed ${kills} times (SIGKILL) and stopped ${stops} times (SIGTERM, at most ${fixed(slowestStopMs, 0)} ms) at random moments.`,
          ...problems,
        ],
        verdict: {
          outcome: exact ? 'passed' : 'failed',
          text: exact
            ? 'every event is recorded or counted as lost, to the unit'
            : [`the account is off by ${difference}`, ...problems].join('; '),
        },
        data: result,
      },
    ]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Does the account hold, whatever happens to the daemon? */
export const account: HostBench = {
  name: 'account',
  where: 'host',
  about: 'a flood with kills in between: every event is recorded or counted as lost',
  run,
}
