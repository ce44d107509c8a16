import { logClockOffset } from './ground-truth.ts'

/** A refusal as the kernel's own log tells it; time in seconds of CLOCK_MONOTONIC. */
export type LoggedRefusal = {
  kind: 'patch-load-refused' | 'module-refused'
  patch: string
  /** The module that was not let in. */
  object?: string
  atS: number
}

const patchRefused = [
  /^failed to enable patch '(.+)'/,
  /^Livepatch patch \((.+)\) is not compatible with the already installed livepatches/,
  /^module (.+) is not marked as a livepatch module/,
]
const moduleRefused = /^patch '(.+)' failed for module '(.+)', refusing to load module/

/** Reads refusals from dmesg. Source: kernel/livepatch/core.c. */
export const loggedRefusals = (dmesg: string): LoggedRefusal[] => {
  const offset = logClockOffset(dmesg)
  return dmesg.split('\n').flatMap((text): LoggedRefusal[] => {
    const [, stamp, said = ''] = /^\[\s*(\d+\.\d+)\] livepatch: (.*)$/.exec(text) ?? []
    const atS = Number(stamp) + offset
    const [, module, object] = moduleRefused.exec(said) ?? []
    if (module) return [{ kind: 'module-refused', patch: module, object, atS }]
    const patch = patchRefused.map((pattern) => pattern.exec(said)?.[1]).find(Boolean)
    return patch ? [{ kind: 'patch-load-refused', patch, atS }] : []
  })
}
