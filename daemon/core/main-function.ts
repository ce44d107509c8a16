import type { BlockedTask } from '../contract/state.ts'

export type MainFunction = { name: string; module: string | null }

/** `symbol+0x12 [module]`; as fs/proc/base.c, proc_pid_stack, prints a frame, the symbol's size follows: `/0x34`. */
const readFrame = (frame: string): MainFunction | null => {
  const [, name, module] =
    /^([^\s+]+)\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?(?: \[([^\]\s]+)[^\]]*\])?$/.exec(frame) ?? []
  return name === undefined ? null : { name, module: module ?? null }
}

/**
 * The main function of a kernel thread, which kthread() calls (kernel/kthread.c) and which does not return while the
 * thread runs: if that is the very one that a patch changes, the thread never leaves it. Null: it is not, or the
 * stack does not tell.
 * @param change `patched`: what the patch changes, as `object:function`. A try names only the first of these that it
 *   finds on a stack, and not that of the patch itself, which is what runs when it is taken away (klp_check_stack_func).
 */
export const mainFunctionOf = (
  { stack, function: found }: Pick<BlockedTask, 'stack' | 'function'>,
  { patch, patched }: { patch: string; patched: ReadonlySet<string> },
): MainFunction | null => {
  const below = stack?.findIndex((frame) => frame.startsWith('kthread+')) ?? -1
  const main = readFrame(stack?.[below - 1] ?? '')
  if (!main) return null
  const isPatched = patched.has(`${main.module ?? 'vmlinux'}:${main.name}`)
  return main.name === found || isPatched || main.module === patch ? main : null
}
