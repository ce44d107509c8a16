import type { EventDraft } from '../contract/event.ts'

/** enum shadow_what of bpf/records.h. */
export const shadowWhat = {
  allocated: 1,
  found: 2,
  duplicate: 3,
  failed: 4,
  freed: 5,
  missed: 6,
  raced: 7,
} as const

type ShadowCall = {
  monoNs: string
  obj: string
  id: string
  tid: number
  pid: number
  comm: string
  patch?: string
  function?: string
}

/** The event of one call. */
export const shadowEvent = (what: number, call: ShadowCall, sizeBytes: number): EventDraft => {
  switch (what) {
    case shadowWhat.allocated:
      return { kind: 'shadow-allocated', ...call, sizeBytes }
    case shadowWhat.found:
      return { kind: 'shadow-found', ...call }
    case shadowWhat.raced:
      return { kind: 'shadow-found', ...call, raced: true }
    case shadowWhat.duplicate:
      return { kind: 'shadow-duplicate', ...call }
    case shadowWhat.failed:
      return { kind: 'shadow-alloc-failed', ...call, sizeBytes }
    case shadowWhat.freed:
      return { kind: 'shadow-freed', ...call }
    case shadowWhat.missed:
      return { kind: 'shadow-free-missed', ...call }
    default:
      throw new Error(`unknown shadow record ${what}`)
  }
}
