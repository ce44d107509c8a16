import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isLivepatched, observeSites } from '../../daemon/probes/ftrace-sites.ts'
import { loggedTransitions } from './support/ground-truth.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { shadowAccountsIn } from './support/shadow-accounts.ts'
import { readTracerRun, type TracerRun } from './support/tracer-run.ts'

/** klp_target_state by the log's words. */
const targets = { patching: 1, unpatching: 0 } as const
/** errno of klp_check_and_switch_task by the words of ground-truth.ts. */
const reasons = new Map([
  [-16, 'running'],
  [-22, 'unreliable-stack'],
  [-98, 'sleeping-on-function'],
])
/** klp_check_and_switch_task came with 5.16: before, why a task is blocked is in no function that can be probed. */
const saysWhy = (kernel: string) => kernel !== '5.10'

const sum = (counts: readonly bigint[]): bigint => counts.reduce((all, one) => all + one, 0n)

/** The oldest that one object is for, where bpftrace cannot run the daemon's probes. */
const oldest = process.env.KLPSCOPE_KERNELS ? [] : ['5.10']

describe.each([...oldest, ...kernels])('the tracer alone, on Linux %s', (kernel) => {
  let lab: LabSession
  let run: TracerRun
  let killed: TracerRun
  let slow: TracerRun
  let logged: ReturnType<typeof loggedTransitions>

  beforeAll(async () => {
    lab = await openLab(kernel, 'tracer.sh')
    await lab.outcome
    run = readTracerRun(join(lab.outDir, 'whole.frames'))
    killed = readTracerRun(join(lab.outDir, 'killed.frames'))
    slow = readTracerRun(join(lab.outDir, 'slow.frames'))
    logged = loggedTransitions(lab.read('log'))
    const { attached, lacking, loadMs, attachMs } = run.ready[0] ?? {}
    console.log(
      `Linux ${kernel}: ${attached} programs attached, ${lacking} lacking; loaded in ${loadMs} ms, attached in ${attachMs} ms`,
    )
    for (const line of lab.read('script.log').match(/\] (?:whole|memory|stopped).*/g) ?? [])
      console.log(line.slice(2))
  })
  afterAll(() => lab?.stop())

  it('the script came to its end', async () =>
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 }))

  it('lays out its records, says what it lacks and why, and is understood to the last frame', () => {
    expect(run.hellos).toHaveLength(1)
    expect(run.ready).toHaveLength(1)
    expect(run.notUnderstood).toEqual([])
    for (const { reason } of run.lacking) expect(reason).toMatch(/^(this|the) kernel/)
    if (kernel === '6.12') expect(run.lacking).toEqual([])
  })

  it('tells of the transitions that the kernel log tells of, in their order', () => {
    const seen = run.of('transition-ended').map(({ patch, target }) => ({ patch, target }))
    const before = logged.slice(0, seen.length)
    expect(seen.length).toBe(2)
    expect(before.map(({ patch, direction }) => ({ patch, target: targets[direction] }))).toEqual(seen)
    const started = run.of('transition-started')
    expect(started.map(({ patch, target }) => ({ patch, target }))).toEqual(seen)
    expect(started.map(({ replace }) => replace)).toEqual([false, true])
    expect(run.of('transition-asked').map(({ by }) => by.comm)).toEqual(['insmod', 'insmod'])
    // The probe at the begin runs before the function's own line in the log, the one at the end after it.
    for (const [index, { startS, endS }] of before.entries()) {
      expect(Number(started[index]?.monoNs) / 1e9).toBeLessThan(startS + 0.05)
      expect(Number(run.of('transition-ended')[index]?.monoNs) / 1e9).toBeGreaterThan((endS ?? 0) - 0.05)
    }
  })

  it('names every task that the kernel could not switch, and why', ({ skip }) => {
    skip(!saysWhy(kernel), 'this kernel says it in no function that can be probed')
    const seen = new Set(
      run
        .of('task-blocked')
        .map(
          ({ task, error, function: name }) =>
            `${task.comm}:${task.tid} ${reasons.get(error)}${name && ` ${name}`}`,
        ),
    )
    // Since 6.4 schedule() tries, too, and logs nothing of it.
    for (const one of logged.slice(0, 2).flatMap(({ blocked }) => [...blocked])) expect(seen).toContain(one)
    const [sleeper] = run.of('task-blocked').filter(({ task }) => task.comm === 'klpt-sleeper')
    expect(run.of('task-switched').map(({ task }) => task.tid)).toContain(sleeper?.task.tid)
    expect(Math.max(...run.of('task-tries').map(({ tries }) => Number(tries)))).toBeGreaterThan(3)
  })

  it('lists who a stalled transition waits for, with its stack, and every thread else', () => {
    const waited = run.of('task-waited-for')
    expect(waited.length).toBeGreaterThan(3)
    const sleeper = waited.filter(({ task }) => task.comm === 'klpt-sleeper')
    expect(sleeper.length).toBeGreaterThan(3)
    expect(sleeper.every(({ frames, address }) => frames >= 16 && address[0] !== 0n)).toBe(true)
    const lists = run.of('tasks-end')
    expect(lists.every(({ complete }) => complete)).toBe(true)
    expect(Math.max(...lists.map(({ rows }) => rows))).toBeGreaterThan(40)
    const idle = run.of('idle-task').map(({ ofCpu }) => ofCpu)
    expect([...new Set(idle)].sort()).toEqual([0, 1])
  })

  it('lists all threads every few seconds, sooner when a transition has begun or ended', () => {
    const listsOf = (name: string) => run.of('tasks-end').filter(({ list }) => run.nameOf(list) === name)
    const all = listsOf('task').map(({ monoNs }) => Number(monoNs) / 1e9)
    const pauses = all.slice(1).map((at, index) => at - (all[index] ?? 0))
    expect(Math.max(...pauses)).toBeLessThan(12)
    expect(pauses.filter((pause) => pause > 4).length).toBeGreaterThan(1)
    const began = run.of('transition-started').map(({ monoNs }) => Number(monoNs) / 1e9)
    const ended = run.of('transition-ended').map(({ monoNs }) => Number(monoNs) / 1e9)
    for (const at of ended)
      expect(all.filter((end) => end > at && end < at + 4.5).length, `after ${at}`).toBeGreaterThan(0)
    // The stalled one; its first second is left alone.
    const [from = 0] = began
    const first = (ends: number[]) => ends.filter((end) => end > from)[0] ?? 0
    expect(first(all)).toBeGreaterThan(from + 1)
    expect(first(all)).toBeLessThan(from + 4.5)
    expect(first(listsOf('task-waited-for').map(({ monoNs }) => Number(monoNs) / 1e9))).toBeLessThan(
      from + 4.5,
    )
  })

  it('has rows of lists and records of probes in the order of their times', () => {
    // These say when what they tell of began.
    const backdated = ['transition-started', 'transition-reversed', 'transition-signalled']
    const probed = new Set(
      [...run.accounts]
        .filter(([name, { emitted }]) => emitted > 0n && !backdated.includes(name))
        .map(([name]) => name),
    )
    let newest = { row: 0n, probe: 0n }
    const late: string[] = []
    let beside = 0
    for (const { record, monoNs } of run.records) {
      const sort = record === 'task' || record === 'task-waited-for' ? 'row' : 'probe'
      if (sort === 'probe' && !probed.has(record)) continue
      const other = sort === 'row' ? newest.probe : newest.row
      if (other > monoNs) late.push(`${record} ${(Number(other - monoNs) / 1e6).toFixed(3)} ms`)
      if (sort === 'row' && monoNs - newest.probe < 100_000_000n) beside++
      if (monoNs > newest[sort]) newest = { ...newest, [sort]: monoNs }
    }
    expect(beside).toBeGreaterThan(100)
    expect(late).toEqual([])
  })

  it('names what stands at every address that it tells, and each once, until another module may stand there', () => {
    const named = new Map(run.of('symbol').map((symbol) => [symbol.address, symbol]))
    const patch: unknown = expect.stringMatching(/^klpt_patch_v[12]$/)
    for (const { oldFunc, newFunc, nop, function: name } of run.of('inventory-func')) {
      if (oldFunc) expect(named.get(oldFunc)).toMatchObject({ name, module: 'klpt_target', start: oldFunc })
      if (newFunc && !nop) expect(named.get(newFunc)).toMatchObject({ module: patch, start: newFunc })
    }
    const stacks = run
      .of('task-waited-for')
      .filter(({ frames }) => frames > 0)
      .map(({ frames, address }) => address.slice(0, frames / 8))
    const namesOf = (stack: bigint[]) => stack.map((address) => named.get(address)?.name ?? 'never told')
    expect(stacks.flatMap(namesOf)).not.toContain('never told')
    expect(stacks.flatMap(namesOf).filter((name) => name === '')).toEqual([])
    expect(stacks.map(namesOf)).toContainEqual(expect.arrayContaining(['klpt_sleep_in_function']))
    for (const { caller } of run.of('shadow-user'))
      expect(named.get(caller)?.module).toMatch(/^klpt_(patch_v[12]|target)$/)
    const listed = lab.read('kallsyms').split('\n')
    const listing = new Set(listed.map((line) => line.replace(/^(\w+) \S (\S+)\t\[(\w+)\]$/, '$1 $2 $3')))
    const ours = run.of('symbol').filter(({ module }) => module.startsWith('klpt_'))
    expect(ours.length).toBeGreaterThan(10)
    for (const { start, name, module } of ours)
      expect(listing).toContain(`${start.toString(16).padStart(16, '0')} ${name} ${module}`)
    const told = new Set<bigint>()
    const again: string[] = []
    for (const record of run.records) {
      if (/^(patch-loading|patch-released|module-coming|module-gone|inventory-end)$/.test(record.record))
        told.clear()
      if (record.record !== 'symbol') continue
      if (told.has(record.address)) again.push(record.name)
      told.add(record.address)
    }
    expect(again).toEqual([])
  })

  it('passes on what ftrace says of livepatched sites whenever others are patched', () => {
    const lists: string[][] = [[]]
    for (const { source, text, incomplete, unreadable } of run.texts) {
      if (source === 'enabled-functions') lists.at(-1)?.push(text)
      if (source !== 'enabled-functions-end') continue
      expect({ incomplete, unreadable }).toEqual({ incomplete: false, unreadable: false })
      lists.push([])
    }
    expect(lists.pop()).toEqual([])
    expect(lists.length).toBeGreaterThan(2)
    const sites = (lines: string[]) =>
      observeSites(lines, '0').flatMap((draft) =>
        draft.kind === 'ftrace-sites-observed' ? (draft.sites ?? []) : [],
      )
    expect(sites(lists[0] ?? [])).toEqual([])
    const last = sites(lab.read('enabled-functions').split('\n').filter(isLivepatched))
    expect(last.length).toBeGreaterThan(2)
    expect(sites(lists.at(-1) ?? [])).toEqual(last)
  })

  it('passes on what the kernel writes to its log, and nothing that others write', () => {
    const log = run.texts.filter(({ source }) => source === 'kernel-log')
    const lines = log.map(({ text }) => text.split('\n')[0]?.replace(/^[^;]*;/, '') ?? '')
    const ofLivepatch = (all: string[]) => all.filter((line) => line.startsWith('livepatch: '))
    const all = lab
      .read('log-whole')
      .split('\n')
      .map((line) => line.replace(/^\[ *[\d.]+\] /, ''))
    expect(ofLivepatch(all).length).toBeGreaterThan(10)
    expect(ofLivepatch(lines)).toEqual(ofLivepatch(all))
    expect(all).toContain('klpscope-lab: not said by the kernel')
    expect(lines.filter((line) => line.startsWith('klpscope-lab:'))).toEqual([])
    expect(log[0]).toMatchObject({ earlier: true })
    expect(log.filter(({ earlier }) => !earlier).length).toBeGreaterThan(10)
    expect(log.filter(({ lost, unreadable }) => lost > 0 || unreadable)).toEqual([])
  })

  it('lists the tracing programs that are attached, and who holds them, when a stack is unreliable', ({
    skip,
  }) => {
    skip(kernel === '5.10', 'its functions that could tell of it cannot be probed')
    const traced = readTracerRun(join(lab.outDir, 'traced.frames'))
    const blocked = traced.of('task-blocked').filter(({ error }) => error === -22)
    skip(blocked.length === 0, 'this kernel sees through trampolines')
    expect(blocked.map(({ task }) => task.comm)).toContain('sleep')
    expect(traced.of('tracing-links-end')[0]).toMatchObject({ complete: true })
    // The number in the name of the trampoline on the stack.
    const [, key = ''] = /bpf_trampoline_(\d+)/.exec(lab.read('traced-stack')) ?? []
    const links = traced
      .of('tracing-link')
      .filter(
        ({ targetObjectId, targetBtfId }) =>
          String((BigInt(targetObjectId) << 32n) | 0x8000_0000n | BigInt(targetBtfId)) === key,
      )
    expect(links.map(({ program }) => program)).not.toContain('')
    // Once of itself, and once of its holder.
    expect(links.map(({ holder }) => holder.comm).sort()).toEqual(['', 'bpftrace'])
    expect(new Set(links.map(({ linkId }) => linkId)).size).toBe(1)
    const named = new Map(traced.of('symbol').map(({ address, name }) => [address, name]))
    const stacks = traced
      .of('task-waited-for')
      .flatMap(({ address }) => address.map((one) => named.get(one) ?? ''))
    expect(stacks.some((name) => name.startsWith(`bpf_trampoline_${key}`))).toBe(true)
  })

  it('says how much of the log was overwritten while its reader stood still', () => {
    const lost = slow.texts.map((one) => one.lost).filter((count) => count > 0)
    expect(lost.length).toBeGreaterThan(0)
    expect(Math.max(...lost)).toBeGreaterThan(1000)
  })

  it('tells what became of the patches: loads, states, objects, the replace and the release', () => {
    expect(run.of('patch-loaded').map(({ patch, result }) => ({ patch, result }))).toEqual(
      ['klpt_patch_v1', 'klpt_patch_v2'].map((patch) => ({ patch, result: 0 })),
    )
    expect(run.of('patch-state').map(({ patch, id, version }) => `${patch} ${id} ${version}`)).toEqual([
      'klpt_patch_v1 1 1',
      'klpt_patch_v2 1 2',
      'klpt_patch_v2 2 1',
    ])
    expect(
      run.of('object-patched').map(({ patch, object, result }) => `${patch} ${object} ${result}`),
    ).toEqual(['klpt_patch_v1 klpt_target 0', 'klpt_patch_v2 klpt_target 0'])
    expect(run.of('patch-replacing').map(({ patch }) => patch)).toEqual(['klpt_patch_v2'])
    expect(run.of('patch-released').map(({ module }) => module)).toEqual(['klpt_patch_v1'])
    const walks = run.of('inventory-end').filter(({ complete }) => complete)
    const last = walks.at(-1)?.walk
    const functions = run.of('inventory-func').filter(({ walk }) => walk === last)
    expect(functions.length).toBe(3)
    expect(functions.every(({ patched, nop }) => patched && !nop)).toBe(true)
  })

  it('counts shadow variables as the module that makes them does', () => {
    const counts = run.of('shadow-count')
    const walked = run.of('shadow-walked').filter(({ isVoid, tooLong }) => !isVoid && !tooLong)
    expect(walked.length).toBeGreaterThan(2)
    const pass = walked.at(-1)?.pass
    for (const [name, account] of shadowAccountsIn(lab.read('shadow-counts'))) {
      const id = BigInt(name)
      const count = counts.filter((one) => one.id === id).at(-1)
      expect(sum(count?.allocated ?? []), `${name} allocated`).toBe(BigInt(account.allocated))
      expect(sum(count?.freed ?? []), `${name} freed`).toBe(BigInt(account.freed))
      expect((count?.found ?? 0n) + (count?.raced ?? 0n), `${name} found`).toBe(BigInt(account.found))
      const inHash = run.of('shadow-found').find((one) => one.id === id && one.pass === pass)
      expect(inHash?.found ?? 0n, `${name} in the hash`).toBe(BigInt(account.live))
    }
    const streamed = run.of('shadow-call').length
    const all = new Map(counts.map((one) => [one.id, one]))
    expect(run.of('shadow-counted').at(-1)?.ids).toBe(BigInt(all.size))
    const calls = [...all.values()].map(
      ({ allocated, freed, found, duplicates, failed, missed, raced }) =>
        sum(allocated) + sum(freed) + found + duplicates + failed + missed + raced,
    )
    expect(BigInt(streamed) + (run.of('shadow-counted').at(-1)?.notStreamed ?? 0n)).toBe(sum(calls))
  })

  it('counts the calls of what is patched, and how many of them were redirected', () => {
    const shows = run.of('inventory-func').filter(({ function: name }) => name === 'klpt_proc_show')
    const { oldFunc, newFunc } = shows.at(-1) ?? {}
    const callsOf = (address: bigint | undefined) =>
      run
        .of('function-calls')
        .filter((one) => one.address === address)
        .at(-1)?.calls
    expect(callsOf(newFunc)).toBe(20n)
    expect(callsOf(oldFunc)).toBeGreaterThanOrEqual(20n)
    expect(run.of('function-counting').every(({ error }) => error === 0)).toBe(true)
  })

  it('accounts for every record: emitted is written and counted lost', () => {
    expect(run.accounts.size).toBeGreaterThan(20)
    for (const [name, { emitted, unreserved, written, unwritten }] of run.accounts) {
      const got = BigInt(run.records.filter(({ record }) => record === name).length)
      expect(written, name).toBe(got)
      // Those the tracer makes itself are not emitted.
      if (emitted > 0n) expect(emitted, name).toBe(written + unreserved)
      else expect(unwritten, name).toBe(0n)
    }
  })

  it('accounts for every record, too, when its reader stops for a while', () => {
    expect(slow.notUnderstood).toEqual([])
    const lost = [...slow.accounts.values()].map(({ unreserved }) => unreserved)
    expect(sum(lost)).toBeGreaterThan(0n)
    for (const [name, { emitted, unreserved, written }] of slow.accounts) {
      expect(written, name).toBe(BigInt(slow.records.filter(({ record }) => record === name).length))
      if (emitted > 0n) expect(emitted, name).toBe(written + unreserved)
    }
  })

  it('makes a probe fire every few seconds', () => {
    const canaries = run.of('canary')
    expect(canaries.length).toBeGreaterThan(8)
    expect(canaries.map(({ number }) => number)).toEqual(canaries.map((_, index) => BigInt(index + 1)))
  })

  it('keeps CAP_BPF and CAP_PERFMON, on older kernels CAP_SYS_ADMIN, and nothing else', () => {
    const status = lab.read('worker-status')
    const kept = ['5.10', '6.1'].includes(kernel) ? '000000c000200000' : '000000c000000000'
    expect(status).toMatch(new RegExp(`^CapEff:\\s+${kept}$`, 'm'))
    expect(status).toMatch(/^CapBnd:\s+0000000000000000$/m)
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
    expect(status).toMatch(/^Seccomp:\s+2$/m)
  })

  it('comes back when it is killed, and says from when to when nothing was seen', () => {
    expect(killed.notUnderstood).toEqual([])
    expect(killed.hellos).toHaveLength(2)
    const [begun, over, ...others] = killed.of('gap')
    expect(others).toEqual([])
    expect(begun).toMatchObject({ over: false, reason: expect.stringContaining('signal 9') })
    expect(over).toMatchObject({ over: true, fromNs: begun?.fromNs })
    expect(Number((over?.monoNs ?? 0n) - (over?.fromNs ?? 0n)) / 1e9).toBeGreaterThan(1)
    expect(killed.of('transition-ended').map(({ patch }) => patch)).toEqual([
      'klpt_patch_stack',
      'klpt_patch_stack',
    ])
  })
})
