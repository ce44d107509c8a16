/** What the kernel counted for one BPF program while kernel.bpf_stats_enabled was on. */
export interface ProgramCost {
  readonly kind: 'kprobe' | 'kretprobe'
  readonly function: string
  /** Summed over the programs on that side of that function, for all their runs. */
  readonly runTimeNs: number
  /** Runs of the program that ran most: about the calls of the function. */
  readonly calls: number
  readonly programs: number
  readonly nsPerCall: number
}

interface BpftoolProgram {
  readonly id: number
  readonly type: string
  readonly name?: string
  readonly run_time_ns?: number
  readonly run_cnt?: number
}

interface BpftoolPerf {
  readonly prog_id: number
  readonly fd_type: string
  readonly func?: string
}

interface BpftoolLink {
  readonly prog_id: number
  readonly retprobe?: boolean
  readonly func?: string
}

type AttachPoint = Pick<ProgramCost, 'kind' | 'function'>

const parse = <T>(json: string): T[] => (json.trim() === '' ? [] : (JSON.parse(json) as T[]))

/** A program's name is its author's choice, cut to 15 characters: the attachment names the function. */
const attachPoints = (perfJson: string, linkJson: string): Map<number, AttachPoint> => {
  const points = new Map<number, AttachPoint>()
  for (const link of parse<BpftoolLink>(linkJson)) {
    if (link.func)
      points.set(link.prog_id, { kind: link.retprobe ? 'kretprobe' : 'kprobe', function: link.func })
  }
  for (const { prog_id, fd_type, func } of parse<BpftoolPerf>(perfJson)) {
    if (func && (fd_type === 'kprobe' || fd_type === 'kretprobe'))
      points.set(prog_id, { kind: fd_type, function: func })
  }
  return points
}

const byName = (name: string): AttachPoint | undefined => {
  const [, kind, functionName] = /^(kprobe|kretprobe)_(\w+?)(?:_\d+)?$/.exec(name) ?? []
  return kind && functionName ? { kind: kind as AttachPoint['kind'], function: functionName } : undefined
}

/**
 * Cost per hooked function, from `bpftool -j prog show`, `perf show` and `link show`. run_time_ns holds what the
 * program itself took, two readings of the clock included; not the way into it (breakpoint or ftrace, kretprobe).
 */
export const programCosts = (progJson: string, perfJson: string, linkJson: string): ProgramCost[] => {
  const points = attachPoints(perfJson, linkJson)
  const costs = new Map<string, ProgramCost>()
  for (const program of parse<BpftoolProgram>(progJson)) {
    if (program.type !== 'kprobe') continue
    const point = points.get(program.id) ?? byName(program.name ?? '')
    if (!point) continue
    const key = `${point.kind}:${point.function}`
    const before = costs.get(key)
    const runTimeNs = (before?.runTimeNs ?? 0) + (program.run_time_ns ?? 0)
    const calls = Math.max(before?.calls ?? 0, program.run_cnt ?? 0)
    costs.set(key, {
      ...point,
      runTimeNs,
      calls,
      programs: (before?.programs ?? 0) + 1,
      nsPerCall: runTimeNs / calls,
    })
  }
  return [...costs.values()].sort((a, b) => b.runTimeNs - a.runTimeNs)
}
