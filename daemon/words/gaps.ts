import type { Gap, GapSeen } from '../contract/gap.ts'

/** What a legend calls the looks of gaps. */
export const gapWords: Record<GapSeen, string> = {
  nothing: 'nothing seen',
  polling: 'only sysfs and /proc',
  most: 'a part not seen',
}

/** What was seen in a gap and why no more, without a full stop. */
export const gapText = ({ seen, source, reason }: Pick<Gap, 'seen' | 'source' | 'reason'>): string => {
  switch (seen) {
    case 'nothing':
      return `nothing was seen: ${reason}`
    case 'polling':
      return `only sysfs, /proc and the kernel log were seen: ${reason}`
    default:
      return `nothing was seen from ${source}, but from all others: ${reason}`
  }
}
