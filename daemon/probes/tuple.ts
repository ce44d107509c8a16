/** Reads the elements of a tuple that bpftrace printed, in order, checking each one's type. */
export class Tuple {
  readonly name: string
  readonly #elements: unknown[]
  #next = 1

  /** @throws Error when the elements do not begin with a name. */
  constructor(elements: unknown[]) {
    const name = elements[0]
    if (typeof name !== 'string') throw new Error('tuple does not begin with a name')
    this.name = name
    this.#elements = elements
  }

  #take(): unknown {
    if (this.#next >= this.#elements.length) {
      throw new Error(`${this.name} has ${this.#elements.length} elements, more were expected`)
    }
    return this.#elements[this.#next++]
  }

  /** A whole number that fits a double. bpftrace prints booleans as true/false since 0.23. */
  int(): number {
    const value = this.#take()
    if (typeof value === 'boolean') return Number(value)
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
      throw new Error(`${this.name}[${this.#next - 1}] is not a whole number: ${JSON.stringify(value)}`)
    }
    return number
  }

  #within(limit: number): number {
    const value = this.int()
    if (value < 0 || value >= limit)
      throw new Error(`${this.name}[${this.#next - 1}] is out of range: ${value}`)
    return value
  }

  bool(): boolean {
    return this.int() !== 0
  }

  string(): string {
    const value = this.#take()
    if (typeof value !== 'string') throw new Error(`${this.name}[${this.#next - 1}] is not a string`)
    return value
  }

  /** Two elements, seconds and nanoseconds: bpftrace prints a u64 above 2^53 as a lossy number. */
  monoNs(): string {
    const seconds = this.#within(2 ** 33)
    return String(BigInt(seconds) * 1_000_000_000n + BigInt(this.#within(1_000_000_000)))
  }

  /** Two elements, the upper and lower 32 bits. */
  address(): string {
    const upper = BigInt(this.#within(2 ** 32))
    return `0x${((upper << 32n) | BigInt(this.#within(2 ** 32))).toString(16)}`
  }
}
