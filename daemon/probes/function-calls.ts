import type { FunctionIdentity } from '../contract/function-identity.ts'
import type { DecodeContext } from './probe-set.ts'
import { functionsOf, letGoOfTraced, type PlacedFunction } from './traced-functions.ts'

/** A transition ended in which a patch was taken away: what only it had patched is not any more. */
export const letGoOfPatch = (context: DecodeContext, patch: string, monoNs: string): void => {
  const patches = context.inventory.current?.patches ?? []
  const mine = functionsOf(patches.filter(({ name }) => name === patch))
  const others = functionsOf(patches.filter(({ name }) => name !== patch))
  const isOf = (functions: readonly PlacedFunction[], counted: FunctionIdentity) =>
    functions.some((func) => isNamed(func, counted))
  letGoOfTraced(context.functionCalls, monoNs, (counted) => !isOf(mine, counted) || isOf(others, counted))
}

const isNamed = ({ object, name, sympos }: PlacedFunction, counted: FunctionIdentity): boolean =>
  object === counted.object && (sympos || 1) === (counted.sympos ?? 1) && name === counted.function
