import * as z from 'zod'

/**
 * Where an event was lost. `kernel`: before it reached the daemon, by the word of the kernel or of its tracer.
 * `line-queue`: read from the tracer, but there was no time to decode it. `admission`: let go, as events came faster
 * than they could be recorded. `record-queue`: there was no room to keep it until the record could be written.
 * `stop`: given up so that the daemon could stop in time. `killed`: it had arrived when the daemon was killed.
 */
export const lossPlaceSchema = z.enum(['kernel', 'line-queue', 'admission', 'record-queue', 'stop', 'killed'])
export type LossPlace = z.infer<typeof lossPlaceSchema>
