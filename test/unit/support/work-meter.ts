import { List, OrderedMap, OrderedSet, Map as PersistentMap, Set as PersistentSet } from 'immutable'

type Method = (this: unknown, ...given: unknown[]) => unknown
type Patched = { of: object; name: PropertyKey; to: (original: Method) => Method }

let steps = 0

const sizeOf = (collection: unknown): number => {
  const { length, size } = collection as { length?: number; size?: number }
  return length ?? size ?? 0
}

/** A method that looks through its whole collection, as most do. */
const whole = (original: Method): Method =>
  function (...given) {
    steps += sizeOf(this)
    return original.apply(this, given)
  }

/** A method whose argument is looked through. */
const wholeArgument = (original: Method): Method =>
  function (...given) {
    steps += Object.getOwnPropertyNames(Object(given[0])).length
    return original.apply(this, given)
  }

/** Iterators may be left early: each step counts by itself. */
const stepwise = (original: Method): Method =>
  function (...given) {
    const iterator = original.apply(this, given) as { next: Method }
    const next = iterator.next
    iterator.next = function (...more) {
      steps++
      return next.apply(this, more)
    }
    return iterator
  }

/** Immutable's own way to walk: a callback for each, false ends it. */
const called = (original: Method): Method =>
  function (callback, ...given) {
    const counting: Method = (...values) => {
      steps++
      return (callback as Method)(...values)
    }
    return original.call(this, counting, ...given)
  }

const persistent = [PersistentMap, OrderedMap, PersistentSet, OrderedSet, List].map(
  ({ prototype }) => prototype as object,
)
const arrayWalks = [
  'map',
  'filter',
  'flatMap',
  'find',
  'some',
  'every',
  'reduce',
  'forEach',
  'sort',
  'slice',
  'concat',
  'join',
  'includes',
  'indexOf',
  'findIndex',
]

const patched: Patched[] = [
  ...[Map.prototype, Set.prototype].flatMap((of) => [
    ...['entries', 'keys', 'values', Symbol.iterator].map((name) => ({ of, name, to: stepwise })),
    { of, name: 'forEach', to: whole },
  ]),
  ...arrayWalks.map((name) => ({ of: Array.prototype, name, to: whole })),
  { of: Array.prototype, name: Symbol.iterator, to: whole },
  ...['keys', 'values', 'entries', 'fromEntries', 'assign'].map((name) => ({
    of: Object,
    name,
    to: wholeArgument,
  })),
  ...persistent.flatMap((of) => [
    { of, name: '__iterator', to: stepwise },
    { of, name: '__iterate', to: called },
  ]),
]

/**
 * How many elements work looks at or copies, in arrays, maps, sets and persistent collections. It counts what time
 * only hints at, the same in every run. Not seen: loops over an array by index, and `{ ...record }`.
 */
export const stepsOfWork = (work: () => void): number => {
  const undo = patched.map(({ of, name, to }) => {
    const own = Object.getOwnPropertyDescriptor(of, name)
    const original = Reflect.get(of, name) as Method
    Object.defineProperty(of, name, { configurable: true, writable: true, value: to(original) })
    return () => {
      if (own) Object.defineProperty(of, name, own)
      else Reflect.deleteProperty(of, name)
    }
  })
  steps = 0
  try {
    work()
    return steps
  } finally {
    const found = steps
    for (let at = undo.length - 1; at >= 0; at--) undo[at]?.()
    steps = found
  }
}
