/** An address or id of the kernel as events have it: `0x…`. */
export const hexOf = (wide: bigint): string => `0x${wide.toString(16)}`
