import type { Fields, FieldType } from './fields.ts'
import type { LaidOutField, Layout } from './layout.ts'
import { printable } from './printable.ts'
import { headerFields, type RecordName, recordFields, type TracerRecord } from './records.ts'

/** The tracer's records are not those that this program knows. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError'
}

type Read = (view: DataView, littleEndian: boolean) => unknown
type Step = { name: string; read: Read } | { name: string; steps: Step[] }
type Plan = { name: RecordName; bytes: number; steps: Step[] }

/** TRANSITION_ASKED is `transition-asked`. */
const recordNameOf = (name: string): string => name.toLowerCase().replaceAll('_', '-')
const cNameOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const bytesOf = ([, , bytes, count]: LaidOutField): number => bytes * count

/** Which of C's types may become a value of ours. */
const fits = (type: FieldType, [, , bytes, count, sort]: LaidOutField): boolean => {
  switch (type) {
    case 'text':
      return sort === 'c'
    case 'wides':
      return sort === 'u' && bytes === 8 && count > 1
    case 'wide':
      return sort === 'u' && bytes === 8 && count === 1
    case 'int':
    case 'flag':
      return sort !== 'c' && bytes <= 4 && count === 1
  }
}

const readInt =
  (offset: number, bytes: number, signed: boolean): Read =>
  (view, littleEndian) => {
    if (bytes === 1) return signed ? view.getInt8(offset) : view.getUint8(offset)
    if (bytes === 2)
      return signed ? view.getInt16(offset, littleEndian) : view.getUint16(offset, littleEndian)
    return signed ? view.getInt32(offset, littleEndian) : view.getUint32(offset, littleEndian)
  }

const readerOf = (type: FieldType, [, offset, bytes, count, sort]: LaidOutField): Read => {
  switch (type) {
    case 'text':
      return (view) => printable(new Uint8Array(view.buffer, view.byteOffset + offset, count))
    case 'wide':
      return (view, littleEndian) => view.getBigUint64(offset, littleEndian)
    case 'wides':
      return (view, littleEndian) =>
        Array.from({ length: count }, (_, index) => view.getBigUint64(offset + 8 * index, littleEndian))
    case 'int':
      return readInt(offset, bytes, sort === 's')
    case 'flag': {
      const read = readInt(offset, bytes, false)
      return (view, littleEndian) => read(view, littleEndian) !== 0
    }
  }
}

const planFields = (fields: Fields, prefix: string, found: Map<string, LaidOutField>, of: Layout): Step[] =>
  Object.entries(fields).map(([name, type]) => {
    const path = prefix + cNameOf(name)
    if (typeof type !== 'string') return { name, steps: planFields(type, `${path}.`, found, of) }
    const field = found.get(path)
    found.delete(path)
    if (!field || !fits(type, field) || field[1] + bytesOf(field) > of.bytes)
      throw new LayoutError(`${of.name}.${path} of the tracer is not the ${type} that this program expects.`)
    return { name, read: readerOf(type, field) }
  })

const planRecord = (layout: Layout): Plan => {
  const name = recordNameOf(layout.name)
  if (!Object.hasOwn(recordFields, name))
    throw new LayoutError(`The tracer has a record ${layout.name} that this program does not know.`)
  const known = name as RecordName
  const found = new Map(layout.fields.map((field) => [field[0], field]))
  // The kind has led to this plan.
  const header = planFields(headerFields, 'header.', found, layout).filter(({ name }) => name !== 'kind')
  const steps = [...header, ...planFields(recordFields[known], '', found, layout)]
  if (found.size > 0)
    throw new LayoutError(
      `${layout.name} of the tracer has fields that this program does not know: ${[...found.keys()].join(', ')}.`,
    )
  return { name: known, bytes: layout.bytes, steps }
}

type Values = Record<string, unknown>

const readSteps = (steps: Step[], view: DataView, littleEndian: boolean, values: Values = {}): Values => {
  for (const step of steps)
    values[step.name] =
      'steps' in step ? readSteps(step.steps, view, littleEndian) : step.read(view, littleEndian)
  return values
}

/** Reads records as the tracer's layouts have them. */
export class RecordDecoder {
  readonly #plans = new Map<number, Plan>()
  readonly #littleEndian: boolean

  /**
   * @param ofRecording whether kinds may be missing: an earlier tracer had fewer
   * @throws LayoutError when the layouts are not exactly those of the records that this program knows
   */
  constructor(layouts: readonly Layout[], littleEndian: boolean, ofRecording = false) {
    this.#littleEndian = littleEndian
    for (const layout of layouts) this.#plans.set(layout.kind, planRecord(layout))
    if (ofRecording) return
    const names = new Set([...this.#plans.values()].map((plan) => plan.name))
    const missing = Object.keys(recordFields).filter((name) => !names.has(name as RecordName))
    if (missing.length > 0)
      throw new LayoutError(`The tracer has no records of these kinds: ${missing.join(', ')}.`)
  }

  /** What number a kind of record has, and the other way round. */
  nameOf(kind: number): RecordName | null {
    return this.#plans.get(kind)?.name ?? null
  }

  /** Null: no such kind, or not of its length. */
  decode(payload: Uint8Array): TracerRecord | null {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
    if (payload.byteLength < 4) return null
    const plan = this.#plans.get(view.getUint32(0, this.#littleEndian))
    if (!plan || plan.bytes !== payload.byteLength) return null
    return readSteps(plan.steps, view, this.#littleEndian, { record: plan.name }) as TracerRecord
  }
}
