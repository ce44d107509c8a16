import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { ProbeSet } from '../../../daemon/probes/probe-set.ts'
import type { RawBody, RawProbeSet } from '../../../daemon/probes/raw-record.ts'
import { findProgram } from '../../../daemon/sources/find-program.ts'
import { generateScript } from '../../../daemon/sources/script.ts'
import { superviseTracer, type Tracer } from '../../../daemon/sources/tracer.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const bpftrace = findProgram('bpftrace') ?? 'bpftrace'
// Timers work wherever BPF does; everything else about probes is the lab's business.
const works =
  process.getuid?.() === 0 && spawnSync(bpftrace, ['-e', 'BEGIN { exit(); } interval:s:1 { }']).status === 0

const ticking = (name: string) => `interval:s:1\n{\n  print(("${name}.tick", 1, 1));\n}\n`
const files: Record<string, string> = {
  ticking: ticking('ticking'),
  // Traceable as far as the generator was told, but no kernel has it.
  partly: `// Without  klpscope_no_such_function: what it tells\n// Cost     nothing\n\n${ticking('partly')}\nkprobe:klpscope_no_such_function\n{\n  @partly = 1;\n}\n`,
  // More steps than the verifier follows; bpftrace names a timer only.
  broken:
    'interval:s:1\n{\n  $step = 0;\n  while ($step < 100000000) {\n    @broken[$step] = 1;\n    $step = $step + 1;\n  }\n}\n',
}

describe.runIf(works)('a supervised bpftrace', () => {
  const dir = useTemporaryDir()
  let tracer: Tracer | undefined
  afterEach(() => tracer?.stop())

  const supervise = (program: string, ...stems: string[]) => {
    mkdirSync(dir.path('bpf'))
    for (const stem of stems) writeFileSync(dir.path(`bpf/${stem}.bt`), files[stem] ?? '')
    const sets = stems.map((stem): ProbeSet => ({ stem, purpose: `all of ${stem}`, records: {}, maps: [] }))
    const host = {
      hasFunction: () => true,
      addressOf: () => 1n,
      btf: { offsetOf: () => 0, sizeOf: () => 0, hasField: () => true, subset: () => null },
      cpus: 1,
      streamPerS: 1,
      shadowCheckS: 60,
    }
    const told: RawBody[] = []
    tracer = superviseTracer(
      program,
      (without) => generateScript(dir.path('bpf'), sets, host, without),
      dir.path('run'),
      (body) => told.push(body),
    )
    const attached = (): RawProbeSet[] | undefined =>
      told.flatMap((body) =>
        body.source === 'tracer' && body.what === 'attached' ? [body.probeSets] : [],
      )[0]
    const lines = () => told.flatMap((body) => (body.source === 'bpftrace' ? [body.line] : [])).join('\n')
    return { tracer, attached, lines }
  }

  it('does without a function that is named, also where a set that is not named has to go', async () => {
    const { tracer, attached, lines } = supervise(bpftrace, 'ticking', 'broken', 'partly')
    await tracer.firstAttempt
    expect(attached()).toMatchObject([
      { name: 'ticking', available: true },
      {
        name: 'broken',
        available: false,
        reason: expect.stringMatching(/interval.*; not seen: all of broken/),
      },
      {
        name: 'partly',
        available: true,
        lost: [
          {
            name: 'klpscope_no_such_function',
            loss: 'what it tells',
            reason: expect.stringMatching(/^bpftrace could not attach it: .*klpscope_no_such_function/),
          },
        ],
      },
    ])
    expect(attached()?.[0]?.lost).toBeUndefined()
    expect(['ticking', 'partly', 'broken'].map(tracer.sees)).toEqual([true, true, false])
    await expect
      .poll(lines, { timeout: 20_000 })
      .toMatch(/ticking\.tick[\s\S]*partly\.tick|partly\.tick[\s\S]*ticking\.tick/)
  }, 180_000)

  it('says so when nothing attaches, and tries again later', async () => {
    const { tracer, attached } = supervise('/bin/false', 'ticking')
    await tracer.firstAttempt
    expect(attached()).toMatchObject([
      { name: 'ticking', available: false, reason: 'bpftrace ended (exit code 1)' },
    ])
    expect(tracer.sees('ticking')).toBe(false)
  })
})
