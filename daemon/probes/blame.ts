import { graphTracer } from '../contract/graph-tracer.ts'
import type { RecordOf } from '../raw/records.ts'
import type { RawBpfLink } from './raw-record.ts'

/** A tracing program that is attached. */
export type TracingLink = {
  /** The process that holds its link open; null: none is known to. */
  holder: { pid: number; comm: string } | null
  programId: number
  programName: string
  attachType: string
  /**
   * As in the trampoline's symbol: BTF object id << 32 | 1 << 31 | BTF id of the traced function; null where the
   * kernel does not tell (in fdinfo of 6.1). Source: include/linux/bpf_verifier.h, bpf_trampoline_compute_key.
   */
  key: string | null
}

/** enum bpf_attach_type, include/uapi/linux/bpf.h. */
const attachTypes: Record<string, string> = { 24: 'fentry', 25: 'fexit', 26: 'fmod_ret', 55: 'fsession' }
const attachTypeOf = (number: number | string | undefined): string =>
  attachTypes[number ?? ''] ?? 'tracing program'
const keyOf = (object: bigint, target: bigint): string => String((object << 32n) | 0x8000_0000n | target)

/** The rows of a list: of each link one of itself, and one for each process that holds it open. */
export const linksOf = (rows: readonly RecordOf<'tracing-link'>[]): TracingLink[] => {
  const held = new Set(rows.filter(({ holder }) => holder.pid !== 0).map(({ linkId }) => linkId))
  return rows
    .filter(({ holder, linkId }) => holder.pid !== 0 || !held.has(linkId))
    .map(({ holder: { pid, comm }, programId, program, attachType, targetObjectId, targetBtfId }) => ({
      holder: pid === 0 ? null : { pid, comm },
      programId,
      programName: program,
      attachType: attachTypeOf(attachType),
      key: keyOf(BigInt(targetObjectId), BigInt(targetBtfId)),
    }))
}

/** Reads fdinfo of BPF links; those that are not of tracing programs are left out. */
export const parseLinks = (links: RawBpfLink[], programs: string[]): TracingLink[] =>
  links.flatMap(({ pid, comm, fdinfo }) => {
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(fdinfo)?.[1]
    const [type, tag, id, object, target] = [
      'link_type',
      'prog_tag',
      'prog_id',
      'target_obj_id',
      'target_btf_id',
    ].map(field)
    if (type !== 'tracing') return []
    const symbol = programs.find((name) => name.startsWith(`bpf_prog_${tag}_`))
    return [
      {
        holder: { pid, comm },
        programId: Number(id),
        programName: symbol?.slice(`bpf_prog_${tag}_`.length) ?? `tag ${tag}`,
        attachType: attachTypeOf(field('attach_type')),
        key: object && target ? keyOf(BigInt(object), BigInt(target)) : null,
      },
    ]
  })

/**
 * Names who made a stack unreliable: a BPF trampoline, a kretprobe or the function graph tracer that is on it. Undefined when nothing of
 * the kind is there. The frame before the trampoline is the traced function.
 */
export const blameFor = (stack: string[], links: TracingLink[]): string | undefined => {
  for (const [index, frame] of stack.entries()) {
    const traced = functionIn(stack[index - 1] ?? '')
    const key = /^bpf_trampoline_(\d+)/.exec(frame)?.[1]
    if (key !== undefined) {
      const name = ({ programName, programId, attachType, holder }: TracingLink) =>
        `BPF program ${programName} (id ${programId}, ${attachType} on ${traced})${holder ? ` of ${holder.comm} (${holder.pid})` : ', which no process is known to hold'}`
      const owners = links.filter((link) => link.key === key)
      if (owners.length > 0) return owners.map(name).join(' and ')
      // fentry programs return before the traced function runs.
      const candidates = links.filter((link) => link.key === null && link.attachType !== 'fentry')
      const [only] = candidates
      if (only && candidates.length === 1) return `probably ${name(only)}`
      return `a BPF program on ${traced}, which one is not known`
    }
    if (/^(arch_rethook_trampoline|__kretprobe_trampoline|kretprobe_trampoline)/.test(frame))
      return `a kretprobe on ${traced || 'a function of its stack'}`
    // Where the unwinder knows the graph tracer (ftrace_graph_ret_addr in kernel/trace/fgraph.c) it is not in the stack.
    if (/^return_to_handler\b/.test(frame)) return graphTracer
  }
  return undefined
}

const functionIn = (frame: string): string => /^[\w.]+/.exec(frame)?.[0] ?? ''
