import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
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
    const file = join(place, 'raw.ndjson')
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
    const lines = readFileSync(file, 'utf8').split('\n')
    expect(lines.some((text) => text.includes('"what":"gap"') && text.includes('records are missing'))).toBe(
      true,
    )
    expect(JSON.parse(lines.filter(Boolean).at(-1)!)).toMatchObject({ monoNs: String(monoNs) })
  })
})
