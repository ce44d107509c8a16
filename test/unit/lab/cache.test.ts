import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { buildOnce, cachePath, hashOf } from '../../lab/cache.ts'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'klpscope-test-'))
})
afterEach(() => {
  rmSync(base, { recursive: true })
  vi.unstubAllEnvs()
})

const build = (
  work: (dir: string) => Promise<{ by: number }>,
  progress: (text: string) => void = () => undefined,
) => buildOnce({ dir: join(base, 'result'), label: 'a result', progress, build: work })

const fill = (by: number) => async (dir: string) => {
  writeFileSync(join(dir, 'content'), String(by))
  return { by }
}

describe('buildOnce', () => {
  it('builds the first time only and remembers the details', async () => {
    expect(await build(fill(1))).toEqual({ by: 1 })
    expect(await build(fill(2))).toEqual({ by: 1 })
    expect(readFileSync(join(base, 'result', 'content'), 'utf8')).toBe('1')
  })

  it('does not take a failed or interrupted build for a finished one', async () => {
    await expect(
      build(async (dir) => {
        await fill(1)(dir)
        throw new Error('no space')
      }),
    ).rejects.toThrow('no space')
    expect(readdirSync(base)).not.toContain('result')
    mkdirSync(join(base, 'result'))
    expect(await build(fill(2))).toEqual({ by: 2 })
  })

  it('lets a second one wait for the first, and says so', async () => {
    const said: string[] = []
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let started = () => {}
    const isStarted = new Promise<void>((resolve) => {
      started = resolve
    })
    const first = build(async (dir) => {
      started()
      await finished
      return fill(1)(dir)
    })
    await isStarted
    const second = build(fill(2), (text) => {
      said.push(text)
      finish()
    })
    expect(await Promise.all([first, second])).toEqual([{ by: 1 }, { by: 1 }])
    expect(said).toEqual(['Another klpscope is preparing a result; waiting for it'])
  })
})

it('keeps everything under one folder that can be moved', () => {
  vi.stubEnv('KLPSCOPE_CACHE', '/somewhere')
  expect(cachePath('suites', 'sid')).toBe('/somewhere/klpscope/lab/suites/sid')
})

it('tells apart what only runs together the same', () => {
  expect(hashOf('ab', 'c')).not.toBe(hashOf('a', 'bc'))
})
