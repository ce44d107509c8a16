import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error: plain JavaScript, because it also runs before any package is installed
import { buildObject, buildTracer, machines } from '../../../bpf/build.mjs'
import { recordFields } from '../../../daemon/raw/records.ts'
import { TracerStream } from '../../../daemon/raw/tracer-stream.ts'

/** `npm test` installs what this takes; `npm run test:unit` alone need not find it. */
const canBuild = spawnSync('clang', ['--version']).status === 0 && existsSync('/usr/include/bpf/libbpf.h')
const hasHeaders = (machine: string) =>
  machine === process.arch || existsSync(`/usr/${machines[machine].triple}/include/asm/ptrace.h`)

describe.skipIf(!canBuild)('the BPF object and the tracer around it', () => {
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
  })

  it.for(Object.keys(machines))('compiles for %s', { timeout: 120_000 }, (machine, { skip }) => {
    skip(!hasHeaders(machine), `linux-libc-dev for ${machine} is not installed`)
    buildObject(join(dir, `${machine}.o`), machine)
    expect(existsSync(join(dir, `${machine}.o`))).toBe(true)
  })
})
