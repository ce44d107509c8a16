import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bpftraceLine, readBpftraceLine, splitLines } from '../../../daemon/raw/bpftrace-output.ts'

describe('a line of bpftrace', () => {
  it('keeps every digit of a long number, and leaves alone what is in strings', () =>
    expect(
      readBpftraceLine(
        '{"type": "value", "data": [18446744073709551615,-9007199254740993,7,"1234567890123456789"]}',
      ),
    ).toEqual({
      type: 'value',
      data: ['18446744073709551615', '-9007199254740993', 7, '1234567890123456789'],
    }))

  it('leaves alone what is no whole number', () =>
    expect(
      readBpftraceLine('{"type": "value", "data": [1.12345678901234567,12345678901234567e2]}')?.data,
    ).toEqual([1.1234567890123457, Number('12345678901234567e2')]))

  it('keeps a quotation mark before a long number in its string', () =>
    expect(readBpftraceLine('{"type":"printf","data":"a\\"1234567890123456789"}')?.data).toBe(
      'a"1234567890123456789',
    ))

  it('shows bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from('{"type":"printf","data":"'),
      Buffer.from([0xff, 0x41]),
      Buffer.from('"}'),
    ])
    expect(readBpftraceLine(bpftraceLine(bytes))).toEqual({ type: 'printf', data: '\\xffA' })
  })

  it.each(['Attaching 2 probes...', '{"type": "printf", "da', '[]', '{}', 'null', '{"type":1}'])(
    'is none: %s',
    (line) => expect(readBpftraceLine(line)).toBeNull(),
  )
})

describe('splitting into lines', () => {
  const split = (pieces: readonly Uint8Array[], longest: number) => {
    const lines: string[] = []
    let tooLong = 0
    const read = splitLines(
      longest,
      (line) => lines.push(Buffer.from(line).toString()),
      () => tooLong++,
    )
    for (const piece of pieces) read(piece)
    return { lines, tooLong }
  }

  it('gives the same lines wherever the pieces end', () =>
    fc.assert(
      fc.property(fc.string(), fc.array(fc.nat(20), { maxLength: 10 }), (text, sizes) => {
        const bytes = Buffer.from(`${text}\nlast\n`)
        const pieces: Uint8Array[] = []
        let at = 0
        for (const size of sizes) {
          pieces.push(bytes.subarray(at, at + size))
          at += size
        }
        pieces.push(bytes.subarray(Math.min(at, bytes.length)))
        expect(split(pieces, 1_000).lines).toEqual(
          bytes
            .toString()
            .split('\n')
            .filter((line) => line !== ''),
        )
      }),
    ))

  it('counts a line that is too long, and goes on with the next', () =>
    expect(split([Buffer.from('12345'), Buffer.from('678\nab\n123456\n')], 5)).toEqual({
      lines: ['ab'],
      tooLong: 2,
    }))
})
