import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { TracerStream } from '../../../daemon/raw/tracer-stream.ts'
import { createRawRecording } from '../../../daemon/sources/raw-recording.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

vi.setConfig({ testTimeout: 60_000 })
const dir = useTemporaryDir()
const mounts = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/mnt', '--fake']).status === 0
let place: string
afterEach(() => void spawnSync('umount', ['--lazy', place]))

describe.skipIf(!mounts)('--record on a full disk (needs mount)', () => {
  it('the daemon goes on, and the recording with a gap that it tells of itself', async () => {
    place = dir.path('disk')
    mkdirSync(place)
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place])
    const file = join(place, 'raw.recording')
    const told: object[] = []
    const recording = createRawRecording(file, (what) => told.push(what))
    let monoNs = 0
    const write = () =>
      recording.write({ monoNs: String(++monoNs), source: 'sysfs', patches: [], modules: [] })
    write()
    await sleep(50)
    spawnSync('sh', ['-c', `cat /dev/zero > ${join(place, 'filler')}`])
    for (let times = 0; times < 200; times++) {
      for (let each = 0; each < 50; each++) write()
      await sleep(1)
    }
    expect(told).toEqual([{ error: expect.stringMatching(/ENOSPC/) }])
    rmSync(join(place, 'filler'))
    writeFileSync(join(place, 'room'), '')
    await sleep(5_200)
    write()
    recording.end()
    await sleep(100)
    expect(told.at(-1)).toEqual({ missing: expect.any(Number) })
    const seen = observationsIn(file)
    expect(seen).toContainEqual(expect.objectContaining({ what: 'gap', part: 'recording' }))
    expect(seen.at(-1)).toMatchObject({ monoNs: String(monoNs) })
  })
})

const observationsIn = (file: string): unknown[] =>
  [...new TracerStream({ ofRecording: true }).read(readFileSync(file))].flatMap((message) =>
    message.type === 'observation' ? [message.observation] : [],
  )

/** Writes to a recording and closes it. */
const record = async (file: string, ...monoNs: string[]): Promise<void> => {
  const recording = createRawRecording(file, () => undefined)
  for (const time of monoNs) recording.write({ monoNs: time, source: 'sysfs', patches: [], modules: [] })
  await new Promise<void>((done) => recording.end(done))
}

describe('--record FILE that is there already', () => {
  it('is gone on with, behind the last whole frame of a daemon that was killed', async () => {
    const file = dir.path('raw.recording')
    await record(file, '1', '2')
    const whole = readFileSync(file)
    writeFileSync(file, whole.subarray(0, whole.length - 5))
    await record(file, '3')
    expect(observationsIn(file)).toMatchObject([{ monoNs: '1' }, { monoNs: '3' }])
  })

  it('is left alone when it is something else', () => {
    const file = dir.path('notes.txt')
    writeFileSync(file, 'these are my notes, longer than the header of a frame')
    expect(() => createRawRecording(file, () => undefined)).toThrow('not a recording')
    expect(readFileSync(file, 'utf8')).toContain('my notes')
  })
})
