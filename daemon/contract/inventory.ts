import * as z from 'zod'
import { countSchema, nameSchema } from './bounds.ts'
import { callbackSchema } from './callback.ts'

/**
 * What the kernel's own structures said at one moment (struct klp_patch, klp_object, klp_func, klp_state in
 * include/linux/livepatch.h). Addresses are `0x…` strings.
 */

export const inventoriedFunctionSchema = z.object({
  name: nameSchema,
  /** Which of several functions of that name in the object, from 1; 0: there is only one. */
  sympos: countSchema,
  /** The original; null while its object is not loaded. */
  oldAddress: nameSchema.nullable(),
  newAddress: nameSchema,
  /** Name of the replacement; null when the kernel's symbols do not tell. */
  symbol: nameSchema.nullable(),
  /** Stands for the original, put there by an atomic replace: the new patch does not patch this function. */
  nop: z.boolean(),
  /** Part of the running transition: a task in the unpatched state gets the next one on the stack. */
  transition: z.boolean(),
  patched: z.boolean(),
  /** Place among the implementations of the same function, 0 in front; null: not among them. */
  position: countSchema.nullable(),
})
export type InventoriedFunction = z.infer<typeof inventoriedFunctionSchema>

export const inventoriedObjectSchema = z.object({
  /** A module, or `vmlinux`. */
  name: nameSchema,
  patched: z.boolean(),
  loaded: z.boolean(),
  /** Made by an atomic replace, for no-ops only. */
  dynamic: z.boolean(),
  /** The callbacks there are, by name: the symbol, or the address where the symbol is not known. */
  callbacks: z.partialRecord(callbackSchema, nameSchema),
  /** Whether post_unpatch would run: pre_patch succeeded, or there is none. */
  postUnpatchEnabled: z.boolean(),
  functions: z.array(inventoriedFunctionSchema),
})
export type InventoriedObject = z.infer<typeof inventoriedObjectSchema>

export const inventoriedPatchSchema = z.object({
  name: nameSchema,
  enabled: z.boolean(),
  replace: z.boolean(),
  /** A transition of it was forced: its module can never be removed. */
  forced: z.boolean(),
  states: z.array(z.object({ id: nameSchema, version: z.number().int() })),
  objects: z.array(inventoriedObjectSchema),
})
export type InventoriedPatch = z.infer<typeof inventoriedPatchSchema>
