import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { openStore, type Store } from '../../../daemon/store/store.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { bundleStoreWorker } from '../support/bundle.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const bundleDir = mkdtempSync(join(tmpdir(), 'klpscope-worker-'))
let workerFile: string
beforeAll(async () => {
  workerFile = await bundleStoreWorker(bundleDir)
})
afterAll(() => rmSync(bundleDir, { recursive: true }))

const dir = useTemporaryDir()
const open = (file = dir.path('klpscope.db')): Promise<Store> =>
  openStore(file, workerFile, {
    onFailing: (error) => {
      throw error
    },
    onRecovered: () => undefined,
    onRenewed: () => undefined,
    keep: { days: null, mb: null },
  })
const steps = stepsOf(recordingsOf('replace')[0]!)

describe('a store with its threads', () => {
  it('records, answers what includes all that was recorded, and goes on where it ended', async () => {
    const store = await open()
    for (const step of steps) store.queue.record(step)
    const events = await store.queries.events({ limit: 100_000 })
    expect(events.reverse()).toEqual(steps.map(({ event }) => event))
    expect(await store.queries.transitions(10)).toHaveLength(3)
    expect(await store.close()).toBe(0)
    expect(existsSync(dir.path('klpscope.db-wal')), 'it is one file again').toBe(false)

    const again = await open()
    expect(serializeState(again.restored)).toBe(serializeState(steps.at(-1)!.state))
    await again.close()
  })

  it('a query that fails is told to who asked, and the next is answered', async () => {
    const store = await open()
    await expect(store.queries.events({ limit: 'x' as never })).rejects.toThrow()
    expect(await store.queries.seriesNames()).toEqual([])
    await store.close()
  })

  it('a record that cannot be used is refused with a sentence', async () => {
    const file = dir.path('notes.txt')
    writeFileSync(file, 'This is not a database.\n'.repeat(500))
    const refusal = await open(file).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(UserError)
    expect((refusal as UserError).remedy).toContain('--db')
  })

  it('a record has one writer', async () => {
    const store = await open()
    await expect(open()).rejects.toThrow(/Another klpscope is writing/)
    await store.close()
  })
})

describe('a record where there is nothing yet', () => {
  const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8)

  // As for /var/lib/klpscope on a host where klpscope has never run.
  it.each([0, 0o22, 0o77])(
    'is begun in directories it makes, all for root alone, with a umask of %d',
    async (mask) => {
      const file = dir.path('lib/klpscope/klpscope.db')
      const before = process.umask(mask)
      try {
        const store = await open(file)
        for (const step of steps) store.queue.record(step)
        await store.queries.seriesNames()
        const modes = Object.fromEntries(
          ['', '.lock', '-wal', '-shm'].map((suffix) => [`klpscope.db${suffix}`, mode(file + suffix)]),
        )
        expect(modes).toEqual({
          'klpscope.db': '600',
          'klpscope.db.lock': '600',
          'klpscope.db-wal': '600',
          'klpscope.db-shm': '600',
        })
        expect([mode(dir.path('lib')), mode(dir.path('lib/klpscope'))]).toEqual(['700', '700'])
        await store.close()
      } finally {
        process.umask(before)
      }
    },
  )

  it('leaves the mode of a directory and of a file that an administrator has made', async () => {
    mkdirSync(dir.path('lib'), { mode: 0o750 })
    writeFileSync(dir.path('lib/klpscope.db'), '')
    chmodSync(dir.path('lib/klpscope.db'), 0o640)
    await (await open(dir.path('lib/klpscope.db'))).close()
    expect([mode(dir.path('lib')), mode(dir.path('lib/klpscope.db'))]).toEqual(['750', '640'])
  })
})
