/** What is known of how the clocks go together: as last mapped, and as last told. */
export type ClockMemory = {
  mappedNs: bigint
  told: { monoNs: bigint; offsetNs: bigint; asleepNs: bigint | null }
}
