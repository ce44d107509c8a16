/** How much of the past is kept: whichever comes first. Null: no bound. */
export type Keep = { days: number | null; mb: number | null }

export const defaultKeep: Keep = { days: 30, mb: 2_000 }
