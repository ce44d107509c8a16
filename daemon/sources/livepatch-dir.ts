/** Where the kernel shows its patches, if it can be patched at all. */
export const livepatchDir = '/sys/kernel/livepatch'
