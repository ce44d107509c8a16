import type { Callback } from '../contract/callback.ts'
import type { InventoriedFunction, InventoriedObject, InventoriedPatch } from '../contract/inventory.ts'
import type { Tuple } from './tuple.ts'

/** A walk that saw everything; symbols are still addresses. */
export type Inventory = { monoNs: string; patches: InventoriedPatch[] }

/** Where a function hangs in a klp_ops->func_stack: its own list node's address and its neighbours'. */
type Place = { node: string; next: string; previous: string }

const zero = '0x0'
const callbackNames: readonly Callback[] = ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch']
/** Gathers the records of bpf/inventory.bt; yields an inventory when a walk has ended undisturbed. */
export class InventoryReader {
  #patches: InventoriedPatch[] = []
  #object: InventoriedObject | undefined
  #places = new Map<InventoriedFunction, Place>()

  /** @throws Error when the records of a walk that claims to be complete are not all there */
  read(tuple: Tuple): Inventory | null {
    switch (tuple.name) {
      case 'inventory.begin':
        this.#patches = []
        this.#object = undefined
        this.#places.clear()
        return null
      case 'inventory.patch':
        this.#patches.push({
          name: tuple.string(),
          enabled: tuple.bool(),
          replace: tuple.bool(),
          forced: tuple.bool(),
          states: [],
          objects: [],
        })
        return null
      case 'inventory.state':
        this.#patches.at(-1)?.states.push({ id: tuple.address(), version: tuple.int() })
        return null
      case 'inventory.object':
        this.#object = readObject(tuple)
        this.#patches.at(-1)?.objects.push(this.#object)
        return null
      case 'inventory.callbacks':
        for (const name of callbackNames) {
          const address = tuple.address()
          if (address !== zero && this.#object) this.#object.callbacks[name] = address
        }
        return null
      case 'inventory.func': {
        const { func, place } = readFunction(tuple)
        this.#object?.functions.push(func)
        this.#places.set(func, place)
        return null
      }
      default:
        return this.#end(tuple)
    }
  }

  #end(tuple: Tuple): Inventory | null {
    const monoNs = tuple.monoNs()
    tuple.int()
    const told = [tuple.int(), tuple.int(), tuple.int(), tuple.int()]
    if (!tuple.bool()) return null
    const patches = this.#patches
    const objects = patches.flatMap((patch) => patch.objects)
    const states = patches.flatMap((patch) => patch.states)
    const functions = objects.flatMap((object) => object.functions)
    const seen = [patches, states, objects, functions].map((list) => list.length)
    if (seen.join() !== told.join()) throw new Error(`the inventory is incomplete: ${seen} of ${told}`)
    setPositions(functions, this.#places)
    return { monoNs, patches }
  }
}

const readObject = (tuple: Tuple): InventoriedObject => ({
  name: tuple.string() || 'vmlinux',
  patched: tuple.bool(),
  loaded: tuple.bool(),
  dynamic: tuple.bool(),
  postUnpatchEnabled: tuple.bool(),
  callbacks: {},
  functions: [],
})

const readFunction = (tuple: Tuple): { func: InventoriedFunction; place: Place } => {
  const name = tuple.string()
  const sympos = tuple.int()
  const oldAddress = tuple.address()
  const newAddress = tuple.address()
  return {
    func: {
      name,
      sympos,
      oldAddress: oldAddress === zero ? null : oldAddress,
      newAddress,
      symbol: null,
      nop: tuple.bool(),
      patched: tuple.bool(),
      transition: tuple.bool(),
      position: null,
    },
    place: { node: tuple.address(), next: tuple.address(), previous: tuple.address() },
  }
}

/** Follows the list nodes from each front, the one whose predecessor is no function but the list's head. */
const setPositions = (functions: InventoriedFunction[], places: Map<InventoriedFunction, Place>): void => {
  const onStack = functions.filter((func) => func.patched)
  const byNode = new Map(onStack.map((func) => [places.get(func)?.node, func]))
  for (const front of onStack.filter((func) => !byNode.has(places.get(func)?.previous))) {
    let position = 0
    for (let func: InventoriedFunction | undefined = front; func && func.position === null; ) {
      func.position = position++
      func = byNode.get(places.get(func)?.next)
    }
  }
}
