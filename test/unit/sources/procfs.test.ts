import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseStat } from '../../../daemon/sources/procfs.ts'

const after =
  ' S 1 42 42 0 -1 2129984 0 0 0 0 1 2 0 0 20 0 1 0 777 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 3 0 0'
const stat = (comm: Uint8Array | string): Uint8Array =>
  Buffer.concat([Buffer.from('42 ('), Buffer.from(comm), Buffer.from(`)${after}\n`)])

it.each([
  ['an ordinary one', 'kworker/0:1-events', 'kworker/0:1-events'],
  ['one with parentheses', 'a) S (b', 'a) S (b'],
  ['UTF-8', 'größe', 'größe'],
  ['one with a line end, as the tracer tells it', 'new\nline', 'new\\x0aline'],
  ['bytes that are no UTF-8, as the tracer tells them', Uint8Array.of(0xff, 0xfe, 0xc3), '\\xff\\xfe\\xc3'],
] as const)('a name comes through: %s', (_, comm, told) => {
  expect(parseStat(stat(comm))).toEqual({ comm: told, flags: '2129984', startTicks: '777', cpu: 3 })
})

it('a task that ended while it was read is left out', () => {
  expect(parseStat(new Uint8Array(0))).toBeUndefined()
  expect(parseStat(stat('x').subarray(0, 20))).toBeUndefined()
})

it('a line of the running kernel is read', () => {
  const own = parseStat(readFileSync('/proc/self/stat'))
  expect(Number(own?.startTicks)).toBeGreaterThan(0)
  expect(own?.comm).toBe(readFileSync('/proc/self/comm', 'utf8').trimEnd())
})
