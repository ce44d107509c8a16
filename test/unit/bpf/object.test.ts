import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error: plain JavaScript, because it also runs before any package is installed
import { buildObject, buildTracer, machines } from '../../../bpf/build.mjs'
import { enums, recordKind } from '../../../daemon/raw/enums.ts'
import { recordFields } from '../../../daemon/raw/records.ts'
import { TracerStream } from '../../../daemon/raw/tracer-stream.ts'
import { missingForOthers, missingToBuild } from './can-build.ts'

describe.skipIf(missingToBuild)('the BPF object and the tracer around it', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'klpscope-bpf-'))
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('lay their records out as the decoder has them', { timeout: 120_000 }, () => {
    buildTracer(dir)
    const stream = new TracerStream()
    const messages = [...stream.read(execFileSync(join(dir, 'klpscope-tracer'), ['--layout']))]
    expect(messages[0]).toMatchObject({ type: 'hello', hello: { kinds: Object.keys(recordFields).length } })
    const names = Object.keys(recordFields)
    expect(names.map((_, index) => stream.decoder?.nameOf(index + 1))).toEqual(names)
    for (const [name, kind] of Object.entries(recordKind)) expect(stream.decoder?.nameOf(kind)).toBe(name)
    const laidOut = new Map(
      messages.flatMap((message) =>
        message.type === 'enum' ? [[message.enum.name, message.enum.values] as const] : [],
      ),
    )
    for (const [name, { prefix, values }] of Object.entries(enums)) {
      const ofTracer = Object.entries(laidOut.get(name) ?? {}).filter(([value]) => value.startsWith(prefix))
      expect(ofTracer).toEqual(Object.entries(values).map(([value, number]) => [prefix + value, number]))
    }
  })

  it.for(Object.keys(machines))('compiles for %s', { timeout: 120_000 }, (machine, { skip }) => {
    skip(machine !== process.arch && missingForOthers !== '', `not installed: ${missingForOthers}`)
    buildObject(join(dir, `${machine}.o`), machine)
    expect(existsSync(join(dir, `${machine}.o`))).toBe(true)
  })
})
