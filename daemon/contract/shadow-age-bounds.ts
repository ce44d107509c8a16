/** Ages are told by the last of these bounds that was reached, in seconds. */
export const shadowAgeBoundsS = [0, 60, 600, 3_600, 21_600, 86_400, 604_800] as const

/** The same in words. */
export const shadowAgeNames = [
  'under 1 min',
  'over 1 min',
  'over 10 min',
  'over 1 h',
  'over 6 h',
  'over 1 d',
  'over 7 d',
] as const
