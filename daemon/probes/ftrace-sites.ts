import type { EventDraft } from '../contract/event.ts'

/**
 * `name [module] (references) flags …`. The flag I stands for a site whose handler changes the instruction
 * pointer, which only livepatch does where kprobes have no post handler. With a second user of the site the
 * handler is not named any more. Source: kernel/trace/ftrace.c, t_show.
 */
const line = /^(\S+)(?: \[(\S+)\])? \(\d+\)((?: +[A-Z])*)/

/** Whether a line of enabled_functions is of a livepatched site. */
export const isLivepatched = (text: string): boolean => line.exec(text)?.[3]?.includes('I') ?? false

export const observeSites = (lines: string[] | null, monoNs: string): EventDraft[] => {
  const sites = lines?.flatMap((text) => {
    const [, name, module] = line.exec(text) ?? []
    return name === undefined ? [] : [{ object: module ?? 'vmlinux', function: name }]
  })
  return [{ kind: 'ftrace-sites-observed', monoNs, sites: sites ?? null }]
}
