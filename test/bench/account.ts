import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createDecoder } from '../../daemon/probes/decode.ts'
import type { RawRecord } from '../../daemon/probes/raw-record.ts'
import { recordName } from '../../daemon/sources/record-name.ts'
import { checkoutRoot } from '../lab/checkout.ts'
import { floodWithKills } from './account-flood.ts'
import type { BenchOptions, HostBench, Section } from './bench.ts'
import { fixed } from './format.ts'

const linesPerS = 20_000
/** Of those that become one event each, whatever came before. */
const names = ['shadow', 'shadow.free_all', 'task.blocked']

/** Lines of the recordings, each of which becomes one event. */
export const singleLines = (recordingsDir: string): string[] =>
  readdirSync(recordingsDir)
    .filter((name) => name.endsWith('.ndjson.gz'))
    .flatMap((name) =>
      gunzipSync(readFileSync(join(recordingsDir, name)))
        .toString('utf8')
        .trimEnd()
        .split('\n'),
    )
    .flatMap((text) => {
      const record = JSON.parse(text) as RawRecord
      if (record.source !== 'bpftrace' || !names.includes(recordName(record.line) ?? '')) return []
      const events = createDecoder().decode(record)
      return events.length === 1 && events[0]?.kind !== 'decode-failed' ? [record.line] : []
    })

const run = async ({ quick, minutes }: BenchOptions): Promise<Section[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-account-'))
  const seconds = 60 * (minutes ?? (quick ? 0.5 : 10))
  try {
    const result = await floodWithKills({
      childFile: join(checkoutRoot(), 'dist', 'account-child.js'),
      workerFile: join(checkoutRoot(), 'dist', 'store-worker.js'),
      dir,
      lines: singleLines(join(checkoutRoot(), 'test', 'recordings')),
      seconds,
      linesPerS,
      meanRunS: quick ? 2 : 5,
    })
    const { sent, own, inReads, recorded, lost, kills, stops, slowestStopMs, difference, problems } = result
    const exact = difference === 0 && problems.length === 0
    return [
      {
        title: `The account of a flood, ${fixed(seconds / 60, 1)} minutes at up to ${linesPerS} lines/s`,
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
          `Recorded lines through a pipe into the daemon's own line queue, decoding and record; it was killed ${kills} times (SIGKILL) and stopped ${stops} times (SIGTERM, at most ${fixed(slowestStopMs, 0)} ms) at random moments.`,
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
