/** Where a daemon without privileges finds what root opened for it: daemon/launch/launch-daemon.ts. */

/** Variable with the socket of its tracer. */
export const tracerVariable = 'KLPSCOPE_TRACER'
/** Variable with the descriptor of the kernel log. */
export const kernelLogVariable = 'KLPSCOPE_KERNEL_LOG'
