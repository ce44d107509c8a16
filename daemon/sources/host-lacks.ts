import type { ScriptHost } from './script.ts'

/** Exported by every kernel with livepatching. Source: kernel/livepatch/core.c. */
const anyFunction = 'klp_enable_patch'
const anyStructure = 'task_struct'

/** Why no probe at all can be attached: said once, not by each of what is missing in turn. */
export const hostLacks = ({
  btf,
  hasFunction,
  addressOf,
}: Pick<ScriptHost, 'btf' | 'hasFunction' | 'addressOf'>): { reason: string; remedy: string } | null => {
  if (btf.sizeOf(anyStructure) === null)
    return {
      reason: 'this kernel has no BTF (/sys/kernel/btf/vmlinux)',
      remedy: 'Boot a kernel with CONFIG_DEBUG_INFO_BTF.',
    }
  if (addressOf(anyFunction) === null && !hasFunction(anyFunction))
    return {
      reason: 'the kernel hides its functions and symbols from the daemon',
      remedy:
        'Run it as root with CAP_SYSLOG, CAP_BPF and CAP_PERFMON, with kernel.kptr_restrict below 2 and tracefs mounted.',
    }
  return null
}
