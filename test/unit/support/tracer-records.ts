import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { EventDraft } from '../../../daemon/contract/event.ts'
import { withinBounds } from '../../../daemon/contract/within-bounds.ts'
import type { DecodeContext, RecordDecoders } from '../../../daemon/probes/probe-set.ts'
import type { RecordName, TracerRecord } from '../../../daemon/raw/records.ts'

const wide = /^\d+n$/

/** What the tracer wrote in test/end-to-end/tracer.sh, without the records that no decoder here is for. */
export const tracerRecords = (): TracerRecord[] =>
  gunzipSync(readFileSync(join(import.meta.dirname, '../../recordings/tracer-6.1.records.gz')))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) =>
      JSON.parse(line, (_, value) =>
        typeof value === 'string' && wide.test(value) ? BigInt(value.slice(0, -1)) : value,
      ),
    )

export const recordsOf = <Name extends RecordName>(
  records: readonly TracerRecord[],
  name: Name,
): Extract<TracerRecord, { record: Name }>[] =>
  records.filter((record): record is Extract<TracerRecord, { record: Name }> => record.record === name)

/** Decodes a record as its kind's decoder does; nothing comes of one that has none. */
export const decodeWith = (
  decoders: RecordDecoders,
  record: TracerRecord,
  context: DecodeContext,
): EventDraft[] => {
  const decode = decoders[record.record] as
    | ((record: TracerRecord, context: DecodeContext) => EventDraft[])
    | undefined
  return (decode?.(record, context) ?? []).map(withinBounds)
}
