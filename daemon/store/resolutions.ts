const secondNs = 1_000_000_000n

/** In which steps series are kept, the finest first. */
export const resolutions = [
  { table: 'points_1s', stepNs: secondNs },
  { table: 'points_1min', stepNs: 60n * secondNs },
  { table: 'points_1h', stepNs: 3_600n * secondNs },
] as const
export type Resolution = (typeof resolutions)[number]
