/** Ages are told by the last of these bounds that was reached, in seconds. */
export const shadowAgeBoundsS = [0, 60, 600, 3_600, 21_600, 86_400, 604_800] as const
