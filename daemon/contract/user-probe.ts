import * as z from 'zod'
import { nameSchema } from './bounds.ts'

/** So much of a value, and of all values of one event together, is told. */
export const userValueLength = 1_000
export const userValuesLength = 4_000
export const userFieldsMost = 64

/** One value that a user's own probe printed; of a map with the key it is kept under. */
export const userFieldSchema = z.object({
  name: nameSchema.optional(),
  value: z.union([z.string().max(userValueLength), z.number(), z.boolean()]),
})
export type UserField = z.infer<typeof userFieldSchema>

const prefix = 'probe '

/** What gaps and losses of a user's own probe are told of by. */
export const userProbeSource = (probe: string): string => `${prefix}${probe}`
export const isUserProbeSource = (source: string): boolean => source.startsWith(prefix)
