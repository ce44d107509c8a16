import { readFileSync } from 'node:fs'
import type { Hello, Ready, TracerProbe } from '../../../daemon/raw/layout.ts'
import type { RecordName, TracerRecord } from '../../../daemon/raw/records.ts'
import type { TracerText } from '../../../daemon/raw/text.ts'
import { type TracerMessage, TracerStream } from '../../../daemon/raw/tracer-stream.ts'

type RecordOf<Name extends RecordName> = Extract<TracerRecord, { record: Name }>

/** All that one tracer wrote, from its first frame to its last. */
export type TracerRun = {
  hellos: Hello[]
  ready: Ready[]
  lacking: TracerProbe[]
  records: TracerRecord[]
  texts: TracerText[]
  notUnderstood: TracerMessage[]
  of: <Name extends RecordName>(name: Name) => RecordOf<Name>[]
  /** What a kind of record is called. */
  nameOf: (kind: number) => string
  /** What the last account of each kind says, by the kind's name. */
  accounts: Map<string, RecordOf<'account'>>
}

/** Reads a file of frames, in pieces that end anywhere. */
export const readTracerRun = (file: string): TracerRun => {
  const stream = new TracerStream()
  const bytes = readFileSync(file)
  const messages: TracerMessage[] = []
  for (let at = 0; at < bytes.length; at += 1_000)
    messages.push(...stream.read(bytes.subarray(at, at + 1_000)))
  const records = messages.flatMap((message) => (message.type === 'record' ? [message.record] : []))
  const of = <Name extends RecordName>(name: Name) =>
    records.filter((record): record is RecordOf<Name> => record.record === name)
  const nameOf = (kind: number) => stream.decoder?.nameOf(kind) ?? 'unknown'
  return {
    hellos: messages.flatMap((message) => (message.type === 'hello' ? [message.hello] : [])),
    ready: messages.flatMap((message) => (message.type === 'ready' ? [message.ready] : [])),
    lacking: messages.flatMap((message) =>
      message.type === 'probe' && !message.probe.attached ? [message.probe] : [],
    ),
    records,
    texts: messages.filter((message) => message.type === 'text'),
    notUnderstood: messages.filter(({ type }) => type === 'not-understood'),
    of,
    nameOf,
    accounts: new Map(of('account').map((one) => [nameOf(one.ofKind), one])),
  }
}
