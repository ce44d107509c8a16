import type { FunctionIdentity } from '../contract/function-identity.ts'

/** An address at which the tracer counts calls, or cannot. Times are in ns of the monotonic clock. */
export type TracedAddress = {
  /** Null: it does not count; or not for what stands at the address now. */
  beganNs: bigint | null
  endedNs: bigint | null
  /** Why it ended or never began; 0: it did neither. */
  error: number
  /** In plain English, while there is an error. */
  reason: string
  /** The number last told. */
  calls: bigint
}

/** A function that is patched, or was until a moment ago. */
export type TracedFunction = {
  identity: FunctionIdentity
  original: string
  replacements: readonly string[]
  /** Replacements that are none any more: since when not, and since when their calls had been counted. */
  left: Map<string, { sinceNs: bigint; beganNs: bigint | null }>
  /** An inventory showed it first. */
  shownNs: bigint
  /** Everything that may be called in its place is counted; null: not yet. */
  beganNs: bigint | null
  /** What was counted later is no call of a patched function; null: it is patched. */
  goneNs: bigint | null
}

/** One look of the tracer at all counts, once a second. */
export type CallTick = { ns: bigint; calls: Map<string, number> }

export type TracedCalls = {
  addresses: Map<string, TracedAddress>
  /** By key, those of the last inventory. */
  functions: Map<string, TracedFunction>
  /** Functions of the last inventory that no patch stands in for now. */
  unplaced: FunctionIdentity[]
  /** The look whose records are still coming; null: none. */
  tick: CallTick | null
  /** When the look before was, and the second that it was told as. */
  lookedNs: bigint
  second: number
  /** Functions with calls in the last event: they are in the next, with zeros if need be. */
  called: Map<string, FunctionIdentity>
  /** Null before the tracer has told. */
  budgetPerS: number | null
  /** What was said last of which functions are counted, as JSON. */
  counting: string
  /** Something that decides it has changed since: whether there is anything to say takes a look at all functions. */
  isCountingOpen: boolean
}

export const freshTracedCalls = (): TracedCalls => ({
  addresses: new Map(),
  functions: new Map(),
  unplaced: [],
  tick: null,
  lookedNs: 0n,
  second: 0,
  called: new Map(),
  budgetPerS: null,
  counting: '',
  isCountingOpen: false,
})

export const addressOf = ({ addresses }: TracedCalls, address: string): TracedAddress => {
  const known = addresses.get(address)
  if (known) return known
  const fresh: TracedAddress = { beganNs: null, endedNs: null, error: 0, reason: '', calls: 0n }
  addresses.set(address, fresh)
  return fresh
}

export const isCounting = (address: TracedAddress | undefined): boolean =>
  address !== undefined && address.beganNs !== null && address.endedNs === null

/** Everything that may be called now when the function is. */
export const pointsOf = ({ original, replacements }: TracedFunction): string[] => [original, ...replacements]

/** Calls are told from the moment on that everything is counted: a part of them says nothing. */
export const beginFunctions = (memory: TracedCalls): void => {
  for (const func of memory.functions.values()) {
    const points = pointsOf(func).map((point) => memory.addresses.get(point))
    if (func.goneNs !== null || func.beganNs !== null || !points.every(isCounting)) continue
    func.beganNs = [...points.map((point) => point?.beganNs ?? 0n)].reduce(later, func.shownNs)
  }
}

export const later = (one: bigint, other: bigint): bigint => (one > other ? one : other)
