import * as z from 'zod'

/** The JSON of the tracer's first frames: bpf/tracer/hello.c. Names are those of C. */

const whole = z.number().int()
const name = z.string().min(1).max(128)

/** Name, offset, bytes of one, how many of them, and `u`nsigned, `s`igned or `c`haracters. */
const fieldSchema = z.tuple([
  name,
  whole.min(0).max(4096),
  z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
  whole.min(1).max(4096),
  z.enum(['u', 's', 'c']),
])
export type LaidOutField = z.infer<typeof fieldSchema>

export const layoutSchema = z.object({
  kind: whole.min(1).max(0xffff),
  name,
  bytes: whole.min(16).max(4096),
  fields: z.array(fieldSchema).max(256),
})
export type Layout = z.infer<typeof layoutSchema>

export const helloSchema = z.object({
  program: z.literal('klpscope-tracer'),
  kernel: z.string().max(65),
  machine: z.string().max(65),
  cpus: whole.min(1),
  pid: whole.min(1),
  monoNs: z
    .string()
    .regex(/^\d{1,20}$/)
    .transform(BigInt),
  /** So many LAYOUT frames follow. */
  kinds: whole.min(1).max(0xffff),
})
export type Hello = z.infer<typeof helloSchema>

export const enumSchema = z.object({ name, values: z.record(name, whole) })
export type LaidOutEnum = z.infer<typeof enumSchema>

export const probeSchema = z.object({
  program: name,
  /** The kernel's function or variable that it is about, by which its header names the loss of it. */
  subject: name,
  attached: z.boolean(),
  reason: z.string().max(128).optional(),
  errno: whole,
})
export type TracerProbe = z.infer<typeof probeSchema>

export const readySchema = z.object({
  attached: whole.min(0),
  lacking: whole.min(0),
  loadMs: whole.min(0),
  attachMs: whole.min(0),
})
export type Ready = z.infer<typeof readySchema>

/** Why a tracer ended. */
export const endedSchema = z.object({ reason: z.string().max(1000) })

/** What a recording begins with, and every run that was added to it. */
export const recordingSchema = z.object({ program: z.literal('klpscope'), recording: z.literal(1) })
export const recordingHeader: z.infer<typeof recordingSchema> = { program: 'klpscope', recording: 1 }
