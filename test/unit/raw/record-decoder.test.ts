import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Fields, FieldType } from '../../../daemon/raw/fields.ts'
import type { LaidOutField, Layout } from '../../../daemon/raw/layout.ts'
import { LayoutError, RecordDecoder } from '../../../daemon/raw/record-decoder.ts'
import { headerFields, type RecordName, recordFields } from '../../../daemon/raw/records.ts'

const sizes: Record<FieldType, [bytes: 1 | 4 | 8, count: number, sort: 'u' | 's' | 'c']> = {
  int: [4, 1, 's'],
  flag: [4, 1, 'u'],
  wide: [8, 1, 'u'],
  wides: [8, 4, 'u'],
  text: [1, 16, 'c'],
}

/** A layout that holds the fields one after the other. */
const layoutOf = (name: RecordName, kind: number): Layout => {
  const fields: LaidOutField[] = []
  let at = 0
  const place = (of: Fields, prefix: string): void => {
    for (const [own, type] of Object.entries(of)) {
      const path = prefix + own.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      if (typeof type !== 'string') place(type, `${path}.`)
      else {
        const [bytes, count, sort] = sizes[type]
        fields.push([path, at, bytes, count, sort])
        at += bytes * count
      }
    }
  }
  place({ header: headerFields }, '')
  place(recordFields[name], '')
  return { kind, name: name.toUpperCase().replaceAll('-', '_'), bytes: at, fields }
}

const names = Object.keys(recordFields) as RecordName[]

describe('the decoder of records', () => {
  let layouts: Layout[]
  let decoder: RecordDecoder
  beforeAll(() => {
    layouts = names.map((name, index) => layoutOf(name, index + 1))
    decoder = new RecordDecoder(layouts, true)
  })
  const other = (name: RecordName, change: (layout: Layout) => Partial<Layout>): Layout[] =>
    layouts.map((layout, index) => (names[index] === name ? { ...layout, ...change(layout) } : layout))

  it('reads numbers, wide numbers, names and what is nested', () => {
    const { bytes, kind } = layouts[names.indexOf('transition-started')] as Layout
    const payload = Buffer.alloc(bytes)
    payload.writeUInt32LE(kind, 0)
    payload.writeUInt32LE(3, 4)
    payload.writeBigUInt64LE(2n ** 63n + 1n, 8)
    payload.writeInt32LE(-1, 16)
    payload.writeUInt32LE(1, 20)
    payload.write('klpt_patch_v1', 24)
    expect(decoder.decode(payload)).toEqual({
      record: 'transition-started',
      cpu: 3,
      monoNs: 2n ** 63n + 1n,
      target: -1,
      replace: true,
      patch: 'klpt_patch_v1',
    })
  })

  it('answers any bytes with a record or null', () => {
    const lengths = layouts.map(({ bytes }) => bytes)
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: names.length + 1 }),
        fc.constantFrom(0, 3, 4, 16, ...lengths),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        (kind, length, pattern) => {
          const payload = Buffer.alloc(length, pattern)
          if (length >= 4) payload.writeUInt32LE(kind, 0)
          const decoded = decoder.decode(payload)
          if (decoded) expect(decoded.record).toBe(names[kind - 1])
          else expect(lengths[kind - 1]).not.toBe(length)
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each<[string, () => Layout[], string]>([
    ['a kind more', () => [...layouts, { ...layoutOf('gap', 900), name: 'NEW_KIND' }], 'NEW_KIND'],
    ['a kind less', () => layouts.slice(0, -1), names.at(-1) ?? ''],
    [
      'a field less',
      () => other('canary', ({ fields }) => ({ fields: fields.slice(0, -1) })),
      'CANARY.number',
    ],
    [
      'a field more',
      () => other('canary', ({ fields }) => ({ fields: [...fields, ['new_one', 0, 4, 1, 'u']] })),
      'new_one',
    ],
    [
      'a field of another size',
      () =>
        other('canary', ({ fields }) => ({ fields: [...fields.slice(0, -1), ['number', 16, 4, 1, 'u']] })),
      'CANARY.number',
    ],
    ['a field behind its end', () => other('canary', () => ({ bytes: 16 })), 'CANARY.number'],
  ])('refuses layouts with %s, and names it', (_, changed, named) => {
    expect(() => new RecordDecoder(changed(), true)).toThrow(LayoutError)
    expect(() => new RecordDecoder(changed(), true)).toThrow(named)
  })
})
