/** ps(1) letters for task_struct.__state bits, include/linux/sched.h. */
export const stateLetter = (state: number): string => {
  if (state === 0) return 'R'
  if ((state & 0x402) === 0x402) return 'I'
  if (state & 0x1) return 'S'
  if (state & 0x2) return 'D'
  if (state & 0x4) return 'T'
  if (state & 0x8) return 't'
  return '?'
}
