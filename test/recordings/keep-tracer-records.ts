import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { TracerRecord } from '../../daemon/raw/records.ts'
import { readTracerRun } from '../end-to-end/support/tracer-run.ts'

/** Cuts what the tracer wrote (`whole.frames` of test/end-to-end/tracer.sh) to tracer-6.1.records.gz. */

const [, , framesFile = ''] = process.argv
const { records } = readTracerRun(framesFile)
const streamed = new Set(records.filter(({ record }) => record === 'shadow-call').slice(0, 60))
const isKept = (one: TracerRecord): boolean => {
  if (one.record === 'shadow-call') return streamed.has(one)
  return /^(shadow|function|inventory)-|^transition-(started|ended)$|^account$/.test(one.record)
}

const lines = records
  .filter(isKept)
  .map((one) => JSON.stringify(one, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)))
writeFileSync(join(import.meta.dirname, 'tracer-6.1.records.gz'), gzipSync(`${lines.join('\n')}\n`, { level: 9 }))
