import * as z from 'zod'
import { countSchema, nameSchema } from './bounds.ts'

/** What is counted of shadow variables; addresses and ids are `0x…` strings. */

export const addressSchema = z.string().regex(/^0x[0-9a-f]{1,16}$/)

/** A function that allocates variables of an id. */
export const shadowAllocatorSchema = z.object({
  /** Null where the kernel's symbols do not tell (any more). */
  function: nameSchema.nullable(),
  /** Null: the kernel itself, or not known. */
  module: nameSchema.nullable(),
  /** The module is a livepatch. */
  livepatch: z.boolean(),
  /** Variables it allocated since the tracer was attached. */
  allocated: countSchema,
})
export type ShadowAllocator = z.infer<typeof shadowAllocatorSchema>

export const shadowCountSchema = z.object({
  id: addressSchema,
  /** Live variables now; null while those older than the tracer are still being counted. */
  live: z.number().int().nullable(),
  /** Totals since the tracer was attached. */
  allocated: countSchema,
  freed: countSchema,
  found: countSchema,
  duplicates: countSchema,
  failures: countSchema,
  /** Calls of klp_shadow_free that matched nothing. */
  missed: countSchema,
  /** Sizes in bytes seen at allocation; empty while unknown (the kernel does not store a variable's size). */
  sizesBytes: z.array(countSchema),
  /** Who allocated, most first. */
  allocators: z.array(shadowAllocatorSchema).optional(),
  /** Livepatches seen to allocate, find or free variables of this id. */
  users: z.array(nameSchema).optional(),
})
export type ShadowCount = z.infer<typeof shadowCountSchema>

/**
 * How old the live variables of an id are, one number per bound (`shadowAgeBoundsS`). A variable's age is counted from the first walk of
 * the hash that met it: it is older by the time between two walks at most.
 */
export const shadowAgesSchema = z.object({
  id: addressSchema,
  known: z.array(countSchema),
  /** Variables that the first walk met: they may be older than the tracer, by any time. */
  atLeast: z.array(countSchema),
  /** Of so many variables the age is not kept. */
  unknown: countSchema,
})
export type ShadowAges = z.infer<typeof shadowAgesSchema>

/** A walk of the hash found another number than was counted, and the next found the same difference. */
export const shadowDriftSchema = z.object({
  id: addressSchema,
  counted: z.number().int(),
  found: countSchema,
})
export type ShadowDrift = z.infer<typeof shadowDriftSchema>
