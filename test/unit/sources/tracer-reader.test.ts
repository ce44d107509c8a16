import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createAccount } from '../../../daemon/account/account.ts'
import { tracerFile } from '../../../daemon/package-paths.ts'
import { FrameError } from '../../../daemon/raw/frames.ts'
import { createTracerReader } from '../../../daemon/sources/tracer-reader.ts'
import { frameBytes, jsonFrame } from '../support/frame-bytes.ts'

const probe = (program: string) => jsonFrame('probe', { program, subject: 's', attached: true, errno: 0 })
const ready = jsonFrame('ready', { attached: 3, lacking: 0, loadMs: 1, attachMs: 1 })

/** A reader, with what it passes on and how much was open in the account just then. */
const reading = () => {
  const account = createAccount()
  const told: [string, number][] = []
  const saved: number[] = []
  const read = createTracerReader(
    { ...account, save: () => void saved.push(account.open()) },
    ({ type }) => told.push([`frame ${type}`, account.open()]),
    ({ type }) => told.push([type, account.open()]),
  )
  return { read, told, saved, account }
}

describe('what a tracer writes', () => {
  it('is in the account from when it is read until it is passed on, frame by frame', () => {
    const { read, told, saved, account } = reading()
    read(Buffer.concat([probe('a'), probe('b'), ready]))
    expect(told).toEqual([
      ['frame probe', 2],
      ['probe', 2],
      ['frame probe', 1],
      ['probe', 1],
      ['frame ready', 0],
      ['ready', 0],
    ])
    // What a daemon that is killed just then has lost.
    expect(saved).toEqual([3, 2, 1, 0])
    expect(account.open()).toBe(0)
  })

  it('is passed on once it is whole, however it comes', () => {
    const { read, told, account } = reading()
    for (const byte of Buffer.concat([probe('a'), ready])) read(Uint8Array.of(byte))
    expect(told.map(([what]) => what)).toEqual(['frame probe', 'probe', 'frame ready', 'ready'])
    expect(account.open()).toBe(0)
  })

  it('is told of also where it says nothing that is understood', () => {
    const { read, told } = reading()
    read(frameBytes('record', Buffer.alloc(24)))
    expect(told.map(([what]) => what)).toEqual(['frame record', 'not-understood'])
  })

  it('ends the reading when it is no stream of frames', () => {
    const { read, account } = reading()
    expect(() => read(Buffer.from('this is no stream of frames'))).toThrow(FrameError)
    expect(account.open()).toBe(0)
  })

  // `npm test` builds it; `npm run test:unit` alone need not find it.
  it.skipIf(!existsSync(tracerFile))(
    'may be the layout of its records, which is recorded and says nothing',
    () => {
      const { read, told } = reading()
      read(execFileSync(tracerFile, ['--layout']))
      expect(told.filter(([what]) => what === 'frame layout').length).toBeGreaterThan(20)
      expect(told.map(([what]) => what)).not.toContain('layout')
      expect(told[0]![0]).toBe('frame hello')
    },
  )
})
