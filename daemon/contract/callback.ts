import * as z from 'zod'

/** Callbacks of a klp_object (include/linux/livepatch.h, struct klp_callbacks). */
export const callbackSchema = z.enum(['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'])
export type Callback = z.infer<typeof callbackSchema>
